"""How fast the answer checkers are on one core, and how often they agree with recorded flags of real outputs.

    python -m benchmarks.checkers [--outputs ../shared/data/gsm8k_example_model_solutions.jsonl] [--json]

The file is GSM8K's example model solutions: a line has `ground_truth` and, under each model's name, `solution` and
`is_correct`. Three extractions read them: as they are, with the answer line rewritten to `#### 18` for the strict
style, and with the answer line cut off, which leaves the last number. Speed is per second of CPU time, Math-Verify's
too: on formulas that the exact checker leaves to it, without the trip to the child process.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.workbench import arguments, report, show
from evals.answers import Style, Verdict, grade_exactly
from tasks.grading import second_opinion

OUTPUTS = Path("../shared/data/gsm8k_example_model_solutions.jsonl")
MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
MARK = "A: "


class Output(NamedTuple):
    worked: str
    answer: str
    gold: str
    correct: bool


def main() -> None:
    parser = arguments("speed and agreement of the answer checkers")
    parser.add_argument("--outputs", type=Path, default=OUTPUTS)
    asked = parser.parse_args()
    outputs = list(read(asked.outputs))
    result: dict[str, Any] = {
        "outputs": len(outputs),
        "flexible": measure(outputs, lambda o: f"{o.worked}{MARK}{o.answer}" if o.answer else o.worked, "flexible"),
        "strict": measure(outputs, lambda o: f"{o.worked}#### {o.answer}" if o.answer else o.worked, "strict"),
        "last_number": measure(outputs, lambda o: o.worked, "flexible"),
        "math_verify": {"per_second": formulas_per_second()},
    }
    rows = [(name, value.get("agree", "-"), value["per_second"]) for name, value in result.items() if name != "outputs"]
    show(f"checkers on {len(outputs)} outputs", ["checker", "agree", "a second and core"], rows)
    report(result, asked.json)


def read(path: Path) -> Iterator[Output]:
    """Every model's output of every line; an output that breaks off has no answer."""
    with path.open() as lines:
        for record in map(json.loads, lines):
            gold = record["ground_truth"].rpartition(MARK)[2]
            for model in MODELS:
                worked, mark, answer = record[model]["solution"].rpartition(MARK)
                yield Output(worked if mark else answer, answer if mark else "", gold, record[model]["is_correct"])


def measure(outputs: Sequence[Output], write: Callable[[Output], str], style: Style) -> dict[str, float]:
    texts = [write(output) for output in outputs]
    start = time.process_time()
    grades = [grade_exactly(text, output.gold, style=style) for text, output in zip(texts, outputs, strict=True)]
    seconds = time.process_time() - start
    right = [grade is not None and grade.verdict is Verdict.correct for grade in grades]
    agree = sum(ours == output.correct for ours, output in zip(right, outputs, strict=True))
    return {"agree": agree, "per_second": round(len(outputs) / seconds)}


def formulas_per_second(count: int = 25) -> float:
    """Of fractions, sums, pairs and roots in equal parts; none twice."""
    pairs = [
        pair
        for n in range(2, count + 2)
        for pair in (
            (rf"\frac{{{n}}}{{x}}", rf"\frac{{{2 * n}}}{{2x}}"),
            (f"x+{n}", f"{n}+x"),
            (f"({n},2)", f"(2,{n})"),
            (rf"{n}\sqrt{{3}}", rf"\sqrt{{{3 * n * n}}}"),
        )
    ]
    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that its time-outs are off
    second_opinion("x", "x")  # imports and tables
    start = time.process_time()
    for gold, answer in pairs:
        second_opinion(gold, answer)
    return round(len(pairs) / (time.process_time() - start), 1)


if __name__ == "__main__":
    main()
