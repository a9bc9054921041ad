"""Texts of finished completions, against tokenizers that are small enough to be written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from tasks.engines.detokenizer import Detokenizer
from tasks.engines.engine import Sampling

BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())


def by_bytes() -> PreTrainedTokenizerFast:
    """A token a byte, as the rarest characters have in any byte-level vocabulary, and one special token."""
    core = Tokenizer(models.BPE({byte: place for place, byte in enumerate(BYTES)}, []))
    core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<end>")


def by_words() -> PreTrainedTokenizerFast:
    """Words that carry the space before them, which a decoder drops at the beginning of a text."""
    words = ["<unk>", "▁so", "▁it", "▁is", "4", "2"]
    core = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, "<unk>"))
    core.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return PreTrainedTokenizerFast(tokenizer_object=core)


BYTE_TOKENIZER = by_bytes()


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_text_comes_back_whole(prompt: str, text: str) -> None:
    def ids(text: str) -> list[int]:
        return BYTE_TOKENIZER(text, add_special_tokens=False)["input_ids"]

    assert Detokenizer(BYTE_TOKENIZER).text(ids(prompt), ids(text)) == text


@given(st.lists(st.integers(0, len(BYTES) - 1), max_size=30))
def test_bytes_that_are_no_text_raise_nothing(ids: list[int]) -> None:
    Detokenizer(BYTE_TOKENIZER).text([], ids).encode()


def test_half_a_character_at_the_end_is_left_out() -> None:
    ids = BYTE_TOKENIZER("so €", add_special_tokens=False)["input_ids"]
    assert Detokenizer(BYTE_TOKENIZER).text([], ids[:-1]) == "so "


def test_the_space_before_the_first_word_is_kept_behind_a_prompt() -> None:
    detokenizer = Detokenizer(by_words())
    assert detokenizer.text([1, 2], [3, 4, 5]) == " is42"
    assert detokenizer.text([], [1, 2]) == "so it"


def test_special_tokens_are_no_part_of_a_text() -> None:
    (end,) = BYTE_TOKENIZER.convert_tokens_to_ids(["<end>"])
    ids = BYTE_TOKENIZER("ab", add_special_tokens=False)["input_ids"]
    assert Detokenizer(BYTE_TOKENIZER).text([], [ids[0], end, ids[1]]) == "ab"


@pytest.mark.parametrize("sampling", [Sampling(stop=("x",)), Sampling(logprobs=0)])
def test_vllm_spells_what_it_must_read_while_it_comes(sampling: Sampling) -> None:
    assert not Detokenizer(BYTE_TOKENIZER).spells(sampling)
    assert Detokenizer(BYTE_TOKENIZER).spells(Sampling())
    assert not Detokenizer(object()).spells(Sampling())
