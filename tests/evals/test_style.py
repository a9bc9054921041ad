import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.style import FEATURES, Style, differences, ratio, ratio_plus_one, style, tanh, without_code, words

ANSWER = """# Title

Some **bold words** and __more of it__, snake__case__name.

- one
* two
  1. three
2) four

## Sub \U0001f600 \U0001f1eb\U0001f1f7 \U0001f468‍\U0001f469‍\U0001f467

```python
# no header
- no item **no bold**
```
####### seven is none
#hashtag
"""


def test_style_is_counted_outside_of_code() -> None:
    found = style(ANSWER)
    assert found == Style(length=words(without_code(ANSWER)), headers=2, bold=2, lists=4, emoji=3)


def test_the_length_is_in_the_tokens_of_any_tokenizer() -> None:
    assert style("abc def", length=len).length == 7


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\n```\ncode\n```\nb", "a\n\nb"),
        ("a\n~~~ sh\ncode\n~~~\nb", "a\n\nb"),
        ("a\n````\n```\nstill code\n````\nb", "a\n\nb"),
        ("a\n```\nopen to the end\n# no", "a\n"),
        ("inline ```code``` stays", "inline ```code``` stays"),
        ("a\n```\n~~~\n```\nb", "a\n\nb"),
        ("```\n```\n# header", "\n# header"),
        ("", ""),
    ],
)
def test_fenced_code_is_removed(text: str, left: str) -> None:
    assert without_code(text) == left


@pytest.mark.parametrize(
    ("text", "feature", "count"),
    [
        ("**a** and **b**", "bold", 2),
        ("** a **", "bold", 0),
        ("2**3**4", "bold", 1),
        ("-5 is a number", "lists", 0),
        ("- \n", "lists", 0),
        ("3.14 is pi", "lists", 0),
        ("#", "headers", 1),
        ("a # b", "headers", 0),
        ("\U0001f44d\U0001f3fd", "emoji", 1),
        ("❤️ ✓", "emoji", 2),
        ("→ × ≥ ©", "emoji", 0),
    ],
)
def test_what_counts(text: str, feature: str, count: int) -> None:
    assert getattr(style(text), feature) == count


@given(st.text(alphabet="`~ #-*_\n1.a", max_size=200))
def test_any_text_has_a_style(text: str) -> None:
    assert all(getattr(style(text), feature) >= 0 for feature in FEATURES)


styles = st.builds(Style, *[st.integers(0, 500)] * 5)
SPREAD = dict.fromkeys(FEATURES, 40.0)


@pytest.mark.parametrize("normalisation", ["difference", "ratio", "ratio_plus_one", "density", "tanh"])
@given(st.lists(st.tuples(styles, styles), min_size=1, max_size=5))
def test_every_difference_turns_its_sign_with_the_sides(normalisation, pairs) -> None:
    a, b = map(list, zip(*pairs, strict=True))
    there, back = differences(a, b, normalisation, SPREAD), differences(b, a, normalisation, SPREAD)
    for feature in FEATURES:
        np.testing.assert_array_equal(there[feature], -back[feature])
        assert np.isfinite(there[feature]).all()


def test_the_normalisations_are_those_in_use_elsewhere() -> None:
    a, b = [Style(30, 2, 0, 4, 0)], [Style(10, 0, 0, 1, 0)]
    assert differences(a, b, "difference")["length"] == 20
    assert differences(a, b, "ratio")["length"] == 0.5
    assert differences(a, b, "ratio")["bold"] == 0
    assert differences(a, b, "ratio_plus_one")["length"] == 20 / 41
    assert differences(a, b, "tanh", SPREAD)["length"] == np.tanh(0.5)
    per_a, per_b = 4 / 31, 1 / 11
    assert differences(a, b, "density")["lists"] == pytest.approx((per_a - per_b) / (per_a + per_b + 1))
    assert differences(a, b, "density")["length"] == 20 / 41
    assert ratio([0], [0]) == ratio_plus_one([0], [0]) == 0


def test_tanh_needs_a_spread_for_each_feature() -> None:
    one = [Style(1, 1, 1, 1, 1)]
    with pytest.raises(ValueError, match=r"spread\['headers'\]; given: \['length'\]"):
        differences(one, one, "tanh", {"length": 3.0})
    with pytest.raises(ValueError, match="above 0, not 0"):
        tanh([1], [2], 0)


def test_an_unknown_normalisation_is_refused() -> None:
    one = [Style(1, 1, 1, 1, 1)]
    with pytest.raises(ValueError, match="no normalisation 'zscore'"):
        differences(one, one, "zscore")  # type: ignore[arg-type]
