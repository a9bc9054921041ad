"""Draws the learning curve of a training run: `python -m models.curve models/training_log.jsonl models/curve.png`."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def main() -> None:
    log, picture = map(Path, sys.argv[1:])
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    tokens = [row["tokens"] / 1e6 for row in rows]
    figure, axis = plt.subplots(figsize=(7, 3.5), layout="constrained")
    axis.plot(tokens, [row["loss"] for row in rows], color="#9ab", label="training rows")
    axis.plot(tokens, [row["test_loss"] for row in rows], color="#235", label="unseen problems, gold order")
    axis.set(xlabel="training tokens (millions)", ylabel="loss on solutions (nats a token)", yscale="log")
    axis.grid(alpha=0.3, which="both")
    axis.legend(frameon=False)
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    main()
