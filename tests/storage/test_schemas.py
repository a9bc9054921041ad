import pytest

from storage.schemas import DATASETS


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_names_its_rows_by_a_column_that_is_never_null(name: str) -> None:
    dataset = DATASETS[name]
    assert dataset.name == name
    assert not dataset.schema.field(dataset.key).nullable


def test_a_row_of_a_label_can_be_undecided() -> None:
    labels = DATASETS["labels"].schema
    assert [field.name for field in labels if field.nullable] == ["hard", "soft", "truth"]
