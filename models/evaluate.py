"""Measures a reasoner on problems that no training saw: what its model card says.

    python -m models.evaluate models/tiny_reasoner --problems 300 --samples 16

Prints one JSON object: greedy accuracy, and majority@k and pass@k for k = 1, 2, 4 … at T = 0.8 on the test split and on
the held-out patterns, each also by number of steps. Plain transformers, so that nothing of the pipeline
vouches for itself.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from evals.answers import Verdict, answer_key, grade_exactly
from evals.passk import majority_at_k, pass_at_k
from evals.problems import Problem, Style, generate
from evals.prompts import plain_prompt

MAX_TOKENS = 256
TEMPERATURE = 0.8
ROWS = 256
"""Sequences generated at a time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--seed", type=int, default=99)
    parser.add_argument("--splits", nargs="+", default=["test", "held_out"])
    parser.add_argument("--style", default="concise")
    asked = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(asked.model, padding_side="left", trust_remote_code=False)
    model = AutoModelForCausalLM.from_pretrained(asked.model, trust_remote_code=False, use_safetensors=True).eval()
    torch.manual_seed(asked.seed)
    report = {}
    for split in asked.splits:
        problems = list(generate(asked.problems, asked.seed, split))
        report[split] = measure(model, tokenizer, problems, asked.samples, asked.style)
    print(json.dumps({"model": asked.model.name, "style": asked.style, **report}))


def measure(model: Any, tokenizer: Any, problems: Sequence[Problem], samples: int, style: Style) -> dict[str, Any]:
    """Scores of all problems together, and by number of steps."""
    greedy = complete(model, tokenizer, problems, 1, style, 0.0)
    sampled = complete(model, tokenizer, problems, samples, style, TEMPERATURE)
    groups: dict[str, list[int]] = defaultdict(list)
    for place, problem in enumerate(problems):
        groups["all"].append(place)
        groups[f"{len(problem.graph.nodes)} steps"].append(place)
    return {
        name: scores([problems[i] for i in places], [greedy[i] for i in places], [sampled[i] for i in places])
        for name, places in sorted(groups.items())
    }


def scores(problems: Sequence[Problem], greedy: Sequence[list[str]], sampled: Sequence[list[str]]) -> dict[str, Any]:
    """Means over problems, as shares of 1."""
    first = [_right(problem, texts)[0] for problem, texts in zip(problems, greedy, strict=True)]
    rows: dict[str, list[float]] = defaultdict(list)
    for problem, texts in zip(problems, sampled, strict=True):
        right, n = _right(problem, texts), len(texts)
        keys = [_key(text) for text in texts]
        for k in _powers_of_two(n):
            rows[f"majority@{k}"].append(majority_at_k(keys, right, k))
            rows[f"pass@{k}"].append(pass_at_k(n, sum(right), k))
    means = {name: round(sum(values) / len(values), 4) for name, values in rows.items()}
    return {"problems": len(problems), "greedy": round(sum(first) / len(first), 4), **means}


@torch.no_grad()
def complete(
    model: Any, tokenizer: Any, problems: Sequence[Problem], samples: int, style: Style, temperature: float
) -> list[list[str]]:
    """For each problem its sampled texts."""
    order = sorted(range(len(problems)), key=lambda i: len(problems[i].question))
    texts: list[list[str]] = [[] for _ in problems]
    for places in _chunks([i for i in order for _ in range(samples)]):
        prompts = [plain_prompt(problems[i].question, style) for i in places]
        batch = tokenizer(prompts, return_tensors="pt", padding=True)
        how = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}
        ids = model.generate(**batch, max_new_tokens=MAX_TOKENS, **how)
        said = tokenizer.batch_decode(ids[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
        for place, text in zip(places, said, strict=True):
            texts[place].append(text)
    return texts


def _powers_of_two(n: int) -> list[int]:
    """1, 2, 4 … below n, and n."""
    return [*takewhile(n.__gt__, (2**i for i in count())), n]


def _chunks(places: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(places), ROWS):
        yield places[start : start + ROWS]


def _right(problem: Problem, texts: Sequence[str]) -> list[bool]:
    grades = [grade_exactly(text, problem.answer) for text in texts]
    return [grade is not None and grade.verdict is Verdict.correct for grade in grades]


def _key(text: str) -> str | None:
    grade = grade_exactly(text, "0")
    return answer_key(grade.extracted) if grade and grade.extracted is not None else None


if __name__ == "__main__":
    main()
