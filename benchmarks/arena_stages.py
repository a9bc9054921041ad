"""Time and memory of the battles and ratings stages on one Parquet file of made-up votes.

    python -m benchmarks.arena_stages --battles 1e6 --json

Each stage runs in a process of its own, from its inputs to its commit; there is no Prefect. Peak memory counts mapped
files. 100 models, three languages (so four boards), one feature of style; errors are not clustered.
"""

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import expit

from flows.run.execute import execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.arena.params import BattleImport, BattlesParams, RatingsParams

WHERE = Partition(date=datetime.date(2026, 11, 24), source="benchmark")
MODELS = 100
PIECE = 1 << 19


def make(path: Path, battles: int) -> None:
    """Votes of the ratings' own model, with a taste for length."""
    draw = np.random.default_rng(0)
    theta, names = draw.normal(0, 0.8, MODELS), np.array([f"model {m}" for m in range(MODELS)])
    writer = None
    for low in range(0, battles, PIECE):
        rows = min(PIECE, battles - low)
        a = draw.integers(0, MODELS, rows)
        b = (a + draw.integers(1, MODELS, rows)) % MODELS
        length = draw.integers(20, 800, (2, rows))
        chance = expit(theta[a] - theta[b] + 0.25 * (length[0] - length[1]) / length.sum(axis=0))
        tie, u = 0.8 * chance * (1 - chance), draw.random(rows)
        score = np.where(u < chance - tie / 2, 2, np.where(u < chance + tie / 2, 1, 0))
        columns = {
            "model_a": names[a],
            "model_b": names[b],
            "winner": np.array(["model_b", "tie", "model_a"])[score],
            "length_a": length[0],
            "length_b": length[1],
            "language": np.array(["en", "de", "fr"])[draw.integers(0, 3, rows)],
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def stage(name: str, folder: Path) -> dict[str, float]:
    """Runs it here; seconds, and MiB at the most."""
    path = str(folder / "votes.parquet")
    params = BattlesParams(imported=BattleImport(path=path)) if name == "battles" else RatingsParams(cluster="none")
    started = time.perf_counter()
    done = execute(Work(STAGES[name], WHERE, params, Store(folder / "data")))
    seconds = time.perf_counter() - started
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return {"rows": done.manifests[name].rows, "seconds": round(seconds, 2), "peak_mib": int(peak.split()[1]) // 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--battles", type=float, default=1e6)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--stage", choices=["battles", "ratings"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage:
        print(json.dumps(stage(given.stage, given.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "votes.parquet", int(given.battles))
        command = [sys.executable, "-m", "benchmarks.arena_stages", "--folder", folder, "--stage"]
        found = {
            name: json.loads(subprocess.run([*command, name], check=True, capture_output=True, text=True).stdout)
            for name in ("battles", "ratings")
        }
    text = "\n".join(f"{name}: {each['seconds']} s, {each['peak_mib']} MiB" for name, each in found.items())
    print(json.dumps(found) if given.json else text)


if __name__ == "__main__":
    main()
