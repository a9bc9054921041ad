"""A tokenizer of a few words, digits and signs, for tests that need one before any model is trained."""

from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

WORDS = ["<pad>", "<unk>", "<s>", "\n", " ", *"0123456789+*=:?", "Step", "How", "many", "####"]


def word_tokenizer(bos: str | None = None) -> PreTrainedTokenizerFast:
    inner = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"[A-Za-z]+|####|\s|\S"), "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", unk_token="<unk>", bos_token=bos)
