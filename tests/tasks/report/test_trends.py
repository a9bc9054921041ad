"""Numbers followed over the nights."""

import datetime

from tasks.report.trends import Night, trends


def night(day: int, ratings: dict[str, float] | None = None, **numbers: dict[str, float | None]) -> Night:
    return Night(datetime.date(2026, 11, day), numbers, ratings or {})


def test_a_number_of_two_nights_is_drawn_and_said():
    told = trends([night(20, labels={"bad_share": 0.25}), night(21, labels={"bad_share": 0.5})])
    assert [each.title for each in told] == ["Shares of rows, night by night"]
    assert told[0].alt == "bad labels: 2026-11-20 0.25, 2026-11-21 0.5."
    assert "bad labels" in told[0].svg


def test_a_night_without_the_number_is_a_gap_and_no_zero():
    nights = [night(20, trials={"tokens": 100}), night(21), night(22, trials={"tokens": 12_000})]
    [tokens] = trends(nights)
    assert tokens.alt == "trials: 2026-11-20 100, 2026-11-21 not known, 2026-11-22 12,000."


def test_what_one_night_has_alone_is_not_drawn():
    assert trends([night(20), night(21, labels={"label_accuracy": 0.9})]) == []
    assert trends([night(20, labels={"label_accuracy": 0.9})]) == []


def test_what_is_zero_in_all_nights_is_not_drawn():
    assert trends([night(day, traces={"dead_rate": 0.0}) for day in (20, 21)]) == []


def test_kinds_of_variants_have_a_line_each():
    changes: dict[str, float | None] = {"kinds_numbers_change": -0.1, "kinds_names_change": -0.2, "kinds_numbers_x": 1}
    [picture] = trends([night(20, effects=changes), night(21, effects=changes)])
    assert picture.alt.count("2026-11-20") == 2
    assert picture.alt.startswith("numbers: 2026-11-20 -0.1,")


def test_ratings_are_followed_by_model_though_one_joins_later():
    [picture] = trends([night(20, {"a": 1000.0}), night(21, {"a": 1010.0, "b": 990.0}), night(22, {"b": 985.0})])
    assert picture.alt == (
        "a: 2026-11-20 1,000, 2026-11-21 1,010, 2026-11-22 not known; "
        "b: 2026-11-20 not known, 2026-11-21 990, 2026-11-22 985."
    )
