"""What a label costs: early stop against all k rollouts, on the same rollouts.

    python -m benchmarks.label_cost [--json]

Labels traces of the embedded model with `fixed(k)` through the real stage, then replays `first_success` on
the rollouts that were recorded, and compares every hard label. With --json the last line is
{"rollout_ratio", "token_ratio", "labels_equal", ...}: rollouts and tokens of the early stop divided by
those of all k.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.workbench import PARTITION, arguments, make_traces, report, run_stage, show, workbench
from evals.answers import Verdict
from evals.montecarlo import PrefixRule, StepLabel
from evals.policies import first_success, fixed
from storage.store import Store
from tasks.params import LabelsParams


class Cost(NamedTuple):
    """What a rule asked for over all prefixes, and the hard labels that it came to."""

    rollouts: int
    tokens: int
    labels: list[int | None]


def main() -> None:
    parser = arguments("early stop against fixed k")
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--samples", type=int, default=4, help="traces a problem")
    parser.add_argument("--k", type=int, default=16)
    asked = parser.parse_args()
    waves = LabelsParams().waves
    with workbench() as store:
        traces = make_traces(store, asked.problems, asked.samples)["traces"]
        run_stage(store, "labels", LabelsParams(policy="fixed", k=asked.k))
        streams = recorded(store)
    brute, early = replay(fixed(asked.k), streams), replay(first_success(asked.k, waves), streams)
    result = {
        "k": asked.k,
        "waves": waves,
        "traces": traces,
        "prefixes": len(streams),
        "rollout_ratio": early.rollouts / brute.rollouts,
        "token_ratio": early.tokens / brute.tokens,
        "labels_equal": early.labels == brute.labels,
    }
    show(
        f"{traces} traces, {len(streams)} prefixes",
        ["policy", "rollouts a trace", "tokens a trace", "rollouts"],
        [
            [f"fixed({asked.k})", brute.rollouts / traces, brute.tokens / traces, brute.rollouts],
            [f"first_success({asked.k})", early.rollouts / traces, early.tokens / traces, early.rollouts],
        ],
    )
    print(f"hard labels equal: {result['labels_equal']}")
    report(result, asked.json)


def recorded(store: Store) -> list[list[tuple[Verdict, int]]]:
    """For each prefix its rollouts in the order of their index: verdict and tokens."""
    rows = store.at("rollouts", PARTITION).read(["prefix_id", "rollout", "verdict", "tokens"]).to_pylist()
    streams: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["rollout"]):
        streams[row["prefix_id"]].append(row)
    return [[(Verdict(row["verdict"]), row["tokens"]) for row in stream] for stream in streams.values()]


def replay(rule: PrefixRule, streams: Sequence[list[tuple[Verdict, int]]]) -> Cost:
    """Feeds each prefix's recorded rollouts to a rule as it asks for them."""
    rollouts = tokens = 0
    labels = []
    for stream in streams:
        kept: list[Verdict] = []
        while not isinstance(answer := rule(kept), StepLabel):
            wave = stream[answer.start : answer.stop]
            kept += [verdict for verdict, _ in wave]
            rollouts += len(wave)
            tokens += sum(count for _, count in wave)
        labels.append(answer.hard)
    return Cost(rollouts, tokens, labels)


if __name__ == "__main__":
    main()
