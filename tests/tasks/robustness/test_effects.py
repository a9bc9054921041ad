from collections import Counter
from pathlib import Path

import pytest

from evals.perturb.difficulty import difficulty
from tasks.job import Outcome
from tasks.report.html import page
from tasks.report.markdown import markdown
from tasks.report.section import Picture, Section, Table
from tasks.robustness.effects import run
from tasks.robustness.effects_params import RobustnessParams
from tasks.robustness.report import section
from tests.evals.robustness.trials import trials
from tests.tasks.robustness.committed import at, commit, committed, job

FALLS = {"identity": 0.0, "names": 0.0, "numbers": 0.5}
QUICK = RobustnessParams(replicates=199)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    committed(folder, trials(FALLS, problems=120, unknown={"names": 0.1}, seed=2))
    return folder


@pytest.fixture(scope="module")
def outcome(root: Path) -> Outcome:
    return run(job(root, QUICK))


@pytest.fixture(scope="module")
def shown(root: Path, outcome: Outcome) -> Section:
    for name in ("effects", "flips"):
        location = at(root, name)
        commit_outcome(location, outcome, name)
    return section(at(root, "effects"))


def commit_outcome(location, outcome: Outcome, name: str) -> None:  # type: ignore[no-untyped-def]
    commit(location, outcome.tables[name].to_pylist(), summary=outcome.summary)


def table(shown: Section, title: str) -> Table:
    return next(block for block in shown.blocks if isinstance(block, Table) and block.title == title)


def test_every_trial_and_every_problem_of_every_kind_is_counted(outcome: Outcome) -> None:
    flips = outcome.tables["flips"].to_pylist()
    assert Counter(row["kind"] for row in flips) == dict.fromkeys(FALLS, 120)
    trials_of = sum(row["right"] + row["wrong"] + row["unknown"] for row in flips)
    assert trials_of == sum(n for kind, n in outcome.summary["trials"].items() if kind != "original")
    assert outcome.summary["unknown_trials"] == sum(row["unknown"] for row in flips) > 0


def test_the_flips_add_up_to_the_change(outcome: Outcome) -> None:
    changes = [row["change"] for row in outcome.tables["flips"].to_pylist() if row["kind"] == "numbers"]
    effects = {(r["kind"], r["measure"]): r for r in outcome.tables["effects"].to_pylist()}
    assert sum(changes) / len(changes) == pytest.approx(effects["numbers", "change"]["estimate"])
    assert outcome.summary["kinds"]["numbers"]["conclusion"] == "falls"


def test_a_flip_is_shown_by_a_right_and_a_wrong_answer_with_their_questions(outcome: Outcome) -> None:
    for row in outcome.tables["flips"].to_pylist():
        if row["direction"] == "fell":
            assert row["original_text"] == "original: correct"
            assert row["text"] == f"{row['kind']}: wrong"
            assert row["question"].startswith(f"variant {row['variant_id']}")
            assert row["original_question"]
        elif row["direction"] in ("same", "unknown"):
            assert row["text"] is None


def test_the_same_trials_give_the_same_rows(root: Path, outcome: Outcome) -> None:
    assert run(job(root, QUICK)).tables["effects"] == outcome.tables["effects"]


def test_another_model_is_compared_on_the_same_variants_alone(tmp_path: Path) -> None:
    committed(tmp_path, trials(FALLS, problems=60))
    committed(tmp_path, trials({**FALLS, "numbers": 0.0}, problems=60, seed=1), model="other")
    params = RobustnessParams(replicates=199, against=("other",))
    rows = [row for row in run(job(tmp_path, params)).tables["effects"].to_pylist() if row["against"]]
    assert {row["kind"] for row in rows} == set(FALLS)
    assert {row["against"] for row in rows} == {"other"}
    assert {row["measure"] for row in rows} == {
        *("change_of_other", "difference_in_changes", "pdr_of_other", "difference_in_pdr"),
    }  # fmt: skip
    committed(tmp_path, trials(FALLS, problems=60), model="stranger", variants="v2")
    with pytest.raises(ValueError, match="run trials again"):
        run(job(tmp_path, RobustnessParams(replicates=199, against=("stranger",))))


def test_the_report_draws_both_models_and_says_which_falls_further(tmp_path: Path) -> None:
    committed(tmp_path, trials(FALLS, problems=150))
    committed(tmp_path, trials({**FALLS, "numbers": 0.0}, problems=150, seed=1), model="other")
    outcome = run(job(tmp_path, RobustnessParams(replicates=199, against=("other",))))
    for name in ("effects", "flips"):
        commit_outcome(at(tmp_path, name), outcome, name)
    shown = section(at(tmp_path, "effects"))
    (forest,) = [block for block in shown.blocks if isinstance(block, Picture) and block.title == "Change by kind"]
    assert ">other</text>" in forest.svg
    assert " other: identity " in forest.alt
    compared = table(shown, "Beside other models, in points")
    rows = {str(row[0]): dict(zip(compared.columns, row, strict=True)) for row in compared.rows}
    assert {kind: row["this model"] for kind, row in rows.items()} == {
        "other: identity": "open", "other: names": "open", "other: numbers": "loses more",
    }  # fmt: skip
    numbers = rows["other: numbers"]
    assert numbers["difference"] == pytest.approx(numbers["this model's"] - numbers["the other's"])
    assert "Against other, in points: open: names" in markdown(shown)
    shares = table(shown, "Beside other models, as shares of what they solve")
    assert [row[-1] for row in shares.rows if row[0] == "other: numbers"] == ["loses more"]
    assert [row[-1] for row in shares.rows if row[0] != "other: numbers"] == ["open", "open"]


def test_trials_without_originals_are_refused(tmp_path: Path) -> None:
    columns = trials({"names": 0.0}, problems=5)
    kept = [place for place, kind in enumerate(columns["kind"]) if kind != "original"]
    committed(tmp_path, {name: [values[place] for place in kept] for name, values in columns.items()})
    with pytest.raises(ValueError, match="changes need those of 'original'"):
        run(job(tmp_path, QUICK))


def test_the_report_has_its_pictures_and_says_them_in_words(shown: Section) -> None:
    pictures = {block.title: block for block in shown.blocks if isinstance(block, Picture)}
    assert list(pictures) == ["Change by kind", "Change by problem", "Accuracy by steps"]
    assert "numbers -" in pictures["Change by kind"].alt
    assert all(picture.svg.lstrip().startswith("<?xml") for picture in pictures.values())


def test_the_report_tells_the_numbers_of_the_rows(shown: Section, outcome: Outcome) -> None:
    changes = table(shown, "Change against the original")
    numbers = dict(zip(changes.columns, next(row for row in changes.rows if row[0] == "numbers"), strict=True))
    assert numbers["change"] == pytest.approx(100 * outcome.summary["kinds"]["numbers"]["change"], abs=0.01)
    assert numbers["conclusion"] == "falls"


def test_flipped_questions_stand_side_by_side_and_nothing_in_them_is_markup(shown: Section) -> None:
    sides = [
        block for block in shown.blocks if isinstance(block, Table) and block.columns == ("", "original", "variant")
    ]
    assert {"names", "numbers"} == {side.title.partition(":")[0] for side in sides}
    fell = next(side for side in sides if side.title.startswith("numbers: fell by"))
    assert [row[0] for row in fell.rows] == ["right", "question", "gold", "an answer"]
    assert fell.rows[3][1:] == ("original: correct", "numbers: wrong")
    html = page("title", "about", [shown])
    assert "&lt;b&gt;?" in html
    assert "<b>?" not in html
    assert "<b>?" not in markdown(shown)


def test_a_model_that_is_always_right_has_a_report_too(tmp_path: Path) -> None:
    columns = trials(FALLS, problems=12, variants=1)
    for name in ("verdict", "strict_verdict", "flexible_verdict"):
        columns[name] = ["correct"] * len(columns["kind"])
    columns["mean_logprob"] = [None] * len(columns["kind"])
    committed(tmp_path, columns)
    outcome = run(job(tmp_path, QUICK))
    assert {each["conclusion"] for each in outcome.summary["kinds"].values()} == {"open"}
    for name in ("effects", "flips"):
        commit_outcome(at(tmp_path, name), outcome, name)
    assert markdown(section(at(tmp_path, "effects")))


def test_the_numbers_of_variants_are_compared_with_those_of_their_own_problems(root: Path, outcome: Outcome) -> None:
    rows = {row["kind"]: row for row in outcome.tables["effects"].to_pylist() if row["measure"] == "numbers_ks"}
    questions = at(root, "problems").read(["question", "solution"]).to_pylist()
    own = [difficulty(row["question"], row["solution"]).numbers for row in questions]
    below = sum(sum(number < 1 for number in each) / len(each) for each in own) / len(own)
    above = sum(sum(number > 1 for number in each) / len(each) for each in own) / len(own)
    assert rows["names"]["estimate"] == pytest.approx(max(below, above))  # every variant has the one number 1


@pytest.mark.parametrize("unread", [("original",), ("names",)])
def test_answers_without_any_verdict_are_said_to_be_unmeasured(tmp_path: Path, unread: tuple[str, ...]) -> None:
    committed(tmp_path, trials(FALLS, problems=9, unknown=dict.fromkeys(unread, 1.0)))
    outcome = run(job(tmp_path, QUICK))
    for name in ("effects", "flips"):
        commit_outcome(at(tmp_path, name), outcome, name)
    shown = markdown(section(at(tmp_path, "effects")))
    assert ("No original has a verdict." in shown) == ("original" in unread)
    kinds = "identity, names, numbers" if "original" in unread else "names"
    assert f"Not measured, as no problem has a verdict on both sides: {kinds}." in shown
