"""How many tokens a trainer will see: the model's own tokenizer, loaded when it is asked for."""

from collections.abc import Sequence

from evals.exports import TokenCounter

CHUNK = 1000
"""Texts tokenized at a time."""


def token_counter(name: str) -> tuple[TokenCounter, bool]:
    """How the model's tokenizer counts, and whether it has a token that opens every text."""
    from transformers import AutoTokenizer

    from tasks.engines.model import resolve

    model = resolve(name)
    tokenizer = AutoTokenizer.from_pretrained(model.path, revision=model.revision or "main", trust_remote_code=False)

    def count(texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    return count, tokenizer.bos_token_id is not None


class Ruler:
    """Lengths of training rows as TRL's trainers count them: prompt and completion as one text, with the tokens that
    open and end it. Without a limit nothing is counted, and everything fits."""

    def __init__(self, tokenizer: str, limit: int | None) -> None:
        self._limit = limit
        self._count: TokenCounter | None = None
        self._special = 1
        if limit is not None:
            self._count, bos = token_counter(tokenizer)
            self._special += bos

    def lengths(self, rows: Sequence[tuple[str, str]]) -> list[int | None]:
        """Of (prompt, completion) each; None without a limit."""
        if self._count is None:
            return [None] * len(rows)
        found: list[int | None] = []
        for start in range(0, len(rows), CHUNK):
            whole = [prompt + completion for prompt, completion in rows[start : start + CHUNK]]
            found += [tokens + self._special for tokens in self._count(whole)]
        return found

    def fits(self, prompt: str, completion: str) -> bool:
        [length] = self.lengths([(prompt, completion)])
        return length is None or self._limit is None or length <= self._limit
