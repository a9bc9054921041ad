"""The `problems` stage: generated problems, or those of a file, a folder of files, or the hub.

Guarantees: every record that was read is a row, the repetition of one, a dead letter with its place and reason, or left
out by `sample`: the four add up to the records. Raises SourceError where nothing can be read at all.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from evals.problems import Split, generate
from evals.records import Refusal
from evals.sources import Columns, Reading, Repeat, read_problems
from evals.windows import window
from storage.rows import table_of
from storage.schemas import DATASETS
from tasks.job import Job, Outcome
from tasks.params import ProblemsParams
from tasks.records import SourceError, digests_of, known_on_the_hub, letter, records_of


def run(job: Job[ProblemsParams]) -> Outcome:
    params = job.params
    digests = digests_of(params)
    rows: dict[str, dict[str, Any]] = {}
    refused: list[Refusal] = []
    repeated = 0
    expected = params.count if params.source == "generated" else params.limit or 0
    for one in _problems(params, job.partition.source):
        if isinstance(one, Refusal):
            refused.append(one)
        elif isinstance(one, Repeat):
            repeated += 1
            rows[one.problem_id]["answer"] = rows[one.problem_id]["answer"] or one.answer
        else:
            rows[one["problem_id"]] = one
        done = len(rows) + len(refused) + repeated
        if done % 500 == 0:
            job.progress(done, max(done, expected))
    records = len(rows) + len(refused) + repeated
    job.progress(records, records)
    left_out = 0
    if params.sample is not None:
        chosen = window(rows, params.sample, params.offset, params.seed)
        left_out = len(rows) - len(chosen)
        rows = {name: row for name, row in rows.items() if name in chosen}
    steps = Counter(row["steps"] for row in rows.values())
    return Outcome(
        tables={"problems": table_of(DATASETS["problems"], list(rows.values()))},
        dead=tuple(letter("problems", one) for one in refused),
        counts={"unknown": 0, "records": records},
        summary={
            "refused": dict(Counter(one.kind for one in refused)),
            "repeated": repeated,
            "left_out": left_out,
            "without_gold": sum(not row["answer"] for row in rows.values()),
            "problems_by_answer": dict(Counter(row["answer_kind"] for row in rows.values())),
            "problems_by_steps": {str(number): steps[number] for number in sorted(steps)},
            "files": digests,
        },
    )


def _problems(params: ProblemsParams, source: str) -> Iterator[dict[str, Any] | Repeat | Refusal]:
    if params.source == "generated":
        yield from _generated(params)
        return
    known = known_on_the_hub(params)
    reading = Reading(
        source=source,
        format=known.format if known else params.format,
        split=params.split,
        columns=_columns(params.columns),
        max_question_chars=params.max_question_chars,
        repeats=params.repeats,
        max_context_chars=params.max_context_chars,
        answer_kind=params.answer_kind,
        reasoning=params.reasoning,
    )
    for one in read_problems(records_of(params), reading):
        yield one if isinstance(one, Refusal | Repeat) else one.row()


def _generated(params: ProblemsParams) -> Iterator[dict[str, Any]]:
    """`count` different problems: a question that the generator repeats is passed over for the next."""
    tries = 10 * params.count + 1000
    seen: set[str] = set()
    split = cast(Split, params.split)
    for index, problem in enumerate(generate(tries, params.seed, split)):
        row = problem.row() | {"place": f"generated:{params.split}/{params.seed}/{index}"}
        if row["problem_id"] not in seen:
            seen.add(row["problem_id"])
            yield row
        if len(seen) == params.count:
            return
    raise SourceError(f"count={params.count}: {tries} tries gave {len(seen)} different problems; ask for fewer")


def _columns(given: dict[str, str]) -> Columns:
    roles = {"problem_id": "id"} | {name: name for name in ("question", "answer", "solution", "choices", "reasoning")}
    if unknown := given.keys() - roles.keys():
        raise SourceError(f"columns: {sorted(unknown)} are no fields of a problem; there are {sorted(roles)}")
    return Columns(**{roles[field]: column for field, column in given.items()})
