"""Words, language mixing and repetition: measures of one text."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.filters.mixing import foreign_share, script_counts
from evals.filters.repetition import NGRAM, repetition
from evals.filters.words import ngram_ids, word_ids, words


class TestWords:
    def test_case_width_and_punctuation_make_no_difference(self) -> None:
        assert words("Ｘ=1,000 — Eggs!") == ["x", "1", "000", "eggs"]

    def test_scripts_without_spaces_are_cut_into_characters(self) -> None:
        assert words("共有3個雞蛋 eggs") == ["共", "有", "3", "個", "雞", "蛋", "eggs"]

    @given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 5))
    def test_ngrams_are_equal_exactly_where_their_words_are(self, letters: list[str], n: int) -> None:
        ids = ngram_ids(word_ids(letters), n).tolist()
        grams = [tuple(letters[at : at + n]) for at in range(len(letters) - n + 1)]
        assert len(ids) == len(grams)
        assert [ids.index(each) for each in ids] == [grams.index(each) for each in grams]

    def test_ids_are_the_same_on_every_machine(self) -> None:
        a, b = (int.from_bytes(hashlib.blake2b(word, digest_size=8).digest(), "little") for word in (b"a", b"b"))
        assert ngram_ids(word_ids(["a", "b"]), 2).tolist() == [(a * 0x9E3779B97F4A7C15 + b) % 2**64]

    @given(st.text())
    def test_no_text_raises(self, text: str) -> None:
        word_ids(words(text))


class TestMixing:
    def test_a_text_in_the_language_of_its_question_has_nothing_foreign(self) -> None:
        assert foreign_share("How many eggs?", "There are 5 eggs, π ≈ 3.14, \\frac{1}{2}.") == 0

    def test_the_share_of_foreign_letters_is_counted(self) -> None:
        assert foreign_share("How many?", "ab因此") == 0.5
        assert foreign_share("How many?", "abc д") == 0.25

    def test_the_script_of_the_question_is_at_home(self) -> None:
        assert foreign_share("共有幾個雞蛋？", "因此 x = 5 個") == 0
        assert foreign_share("卵は全部で何個ですか", "これは5個です。漢字") == 0
        assert foreign_share("共有幾個雞蛋？", "ответ") == 1

    def test_digits_signs_and_wide_letters_have_no_script_of_their_own(self) -> None:
        assert script_counts("12 + 3 = ١٥ €") == {}
        assert script_counts("𝐱Ｙ") == {"LATIN": 2}

    @given(st.text(), st.text())
    def test_a_share_is_between_0_and_1(self, question: str, text: str) -> None:
        assert 0 <= foreign_share(question, text) <= 1

    @given(st.text())
    def test_a_question_is_never_foreign_to_itself(self, text: str) -> None:
        assert foreign_share(text, text) == 0


class TestRepetition:
    def test_lines_that_occurred_before_are_counted_without_their_white_space(self) -> None:
        assert repetition("a b\n a  b \nc\n\na b\n").lines == 0.5

    def test_phrases_that_occurred_before_are_counted_inside_one_line(self) -> None:
        phrase = "one two three four five six seven eight "
        assert repetition(phrase).ngrams == 0
        assert repetition(phrase * 10).ngrams == pytest.approx(1 - 8 / 73), "8 distinct phrases of 73"

    def test_a_loop_compresses_well(self) -> None:
        assert repetition("wait, " * 300).compression > 20
        assert repetition("There are 3 boxes with 4 eggs each, so 12 eggs; 5 are sold and 7 are left.").compression < 2

    def test_an_empty_text_repeats_nothing(self) -> None:
        said = repetition("")
        assert (said.lines, said.ngrams, said.compression) == (0, 0, 0)

    @given(st.text(), st.integers(2, 4))
    def test_saying_a_text_again_repeats_more(self, text: str, times: int) -> None:
        once, more = repetition(text + "\n"), repetition((text + "\n") * times)
        assert more.lines >= once.lines
        assert 0 <= more.ngrams <= 1

    @given(st.lists(st.integers(0, 10**9), min_size=NGRAM, max_size=40, unique=True))
    def test_different_words_repeat_nothing(self, numbers: list[int]) -> None:
        assert repetition(" ".join(map(str, numbers))).ngrams == 0
