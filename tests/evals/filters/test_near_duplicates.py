"""Near duplicates: MinHash finds pairs, exact Jaccard decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.filters.near_duplicates import (
    HASHES,
    Banding,
    banding,
    jaccard,
    near_duplicates,
    shingles,
    signatures,
)
from evals.filters.words import word_ids, words

WORDS = ["three", "eggs", "and", "4", "more", "are", "sold", "7", "left", "each"]
texts = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)


def exact_sets(text: str) -> set[tuple[str, ...]]:
    said = words(text)
    size = min(3, len(said))
    return {tuple(said[at : at + size]) for at in range(len(said) - size + 1)} if said else set()


def exact_jaccard(one: str, other: str) -> float:
    a, b = exact_sets(one), exact_sets(other)
    return len(a & b) / len(a | b) if a | b else 1.0


def brute_force(all_of_them: list[str], groups: list[int], threshold: float) -> list[int | None]:
    """Compares every text with every kept one, without hashing anything."""
    kept: list[int] = []
    found: list[int | None] = []
    for place, text in enumerate(all_of_them):
        alike = (
            other
            for other in kept
            if groups[other] == groups[place]
            and (words(all_of_them[other]) == words(text) or exact_jaccard(all_of_them[other], text) >= threshold)
        )
        found.append(next(alike, None))
        if found[-1] is None:
            kept.append(place)
    return found


@given(texts, texts)
def test_jaccard_of_hashed_shingles_is_that_of_the_shingles(one: str, other: str) -> None:
    sets = [shingles(word_ids(words(text))) for text in (one, other)]
    assert jaccard(*sets) == pytest.approx(exact_jaccard(one, other))


@given(st.lists(st.tuples(texts, st.integers(0, 1)), max_size=12), st.sampled_from([0.5, 0.7, 0.9, 1.0]))
def test_duplicates_are_those_of_comparing_everything(items: list[tuple[str, int]], threshold: float) -> None:
    said, groups = [text for text, _ in items], [group for _, group in items]
    found = near_duplicates(said, groups, threshold, miss=1e-12)
    assert found == brute_force(said, groups, threshold)


@given(st.lists(texts, max_size=15))
def test_a_duplicate_names_an_earlier_text_that_is_kept(said: list[str]) -> None:
    found = near_duplicates(said, [0] * len(said), 0.6)
    for place, original in enumerate(found):
        if original is not None:
            assert original < place
            assert found[original] is None


def test_signatures_estimate_jaccard_within_their_sampling_error() -> None:
    random = np.random.default_rng(0)
    errors = []
    for _ in range(300):
        shared, own, others = random.integers(1, 200, 3)
        ids = random.integers(0, 2**64, shared + own + others, dtype=np.uint64)
        one, other = np.unique(ids[: shared + own]), np.unique(np.concatenate([ids[:shared], ids[shared + own :]]))
        signed = signatures([one, other])
        truth = jaccard(one, other)
        errors.append((float((signed[0] == signed[1]).mean()) - truth) / np.sqrt(truth * (1 - truth) / HASHES))
    assert abs(np.mean(errors)) < 0.2, "not biased: 300 standard errors average 0 ± 0.06"
    assert 0.85 < np.std(errors) < 1.15, "as spread as a binomial count of 128 hashes"


def test_banding_takes_the_fewest_comparisons_that_still_find_a_pair_at_the_threshold() -> None:
    chosen = banding(0.8)
    assert chosen == Banding(bands=25, rows=5)
    assert chosen.chance(0.8) == pytest.approx(1 - (1 - 0.8**5) ** 25)
    assert chosen.chance(0.8) >= 0.999
    assert Banding(21, 6).chance(0.8) < 0.999


def test_the_share_of_missed_pairs_is_what_the_formula_says() -> None:
    random = np.random.default_rng(1)
    cut = Banding(bands=8, rows=4)
    met, expected, pairs = 0, 0.0, 400
    for _ in range(pairs):
        ids = random.integers(0, 2**64, 120, dtype=np.uint64)
        one, other = np.unique(ids[:100]), np.unique(ids[30:])
        signed = signatures([one, other], cut.bands * cut.rows).reshape(2, cut.bands, cut.rows)
        met += bool((signed[0] == signed[1]).all(axis=1).any())
        expected += cut.chance(jaccard(one, other))
    assert abs(met - expected) < 4 * np.sqrt(pairs / 4)


def test_case_punctuation_and_white_space_make_no_difference() -> None:
    assert near_duplicates(["Step 1: 2 + 3 = 5.", "step 1  2+3=5"], ["p", "p"], 0.9) == [None, 0]


def test_texts_of_different_groups_are_never_compared() -> None:
    assert near_duplicates(["the same text", "the same text"], ["p", "q"], 0.9) == [None, None]


def test_one_changed_number_in_a_long_text_is_a_near_duplicate() -> None:
    text = " ".join(f"word{i}" for i in range(80))
    assert near_duplicates([text, text.replace("word40", "other")], [0, 0], 0.9) == [None, 0]
    assert near_duplicates([text, text.replace("word40", "other")], [0, 0], 0.95) == [None, None]


def test_a_threshold_that_is_no_similarity_is_refused() -> None:
    with pytest.raises(ValueError, match=r"threshold 0: a Jaccard similarity above 0"):
        banding(0)
