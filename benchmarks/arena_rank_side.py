"""One run of arena-rank 0.1.1, for benchmarks/bradley_terry.py: in an environment of its own, knowing nothing of ours.

    python arena_rank_side.py BATTLES.parquet

Prints one JSON object. Times begin after the imports and include compilation.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
from arena_rank.models.contextual_bradley_terry import ContextualBradleyTerry
from arena_rank.utils.data_utils import ContextualPairDataset


def main(path: str) -> None:
    began = time.perf_counter()
    frame = pd.read_parquet(path)
    features = [name for name in frame.columns if name.startswith("style")]
    # As the file has them, every battle counting the same, no penalty: the model that we fit.
    dataset = ContextualPairDataset.from_pandas(frame, features, reweighted=False, normalize_features=False)
    dataset.features.block_until_ready()
    loaded = time.perf_counter()
    model = ContextualBradleyTerry(n_competitors=len(dataset.competitors), n_features=len(features), reg=0.0)
    model.fit(dataset)
    result = model.compute_ratings_and_cis(dataset)
    lower, upper = (np.asarray(result[side]) for side in ("rating_lower", "rating_upper"))
    done = time.perf_counter()
    print(
        json.dumps(
            {
                "load": loaded - began,
                "fit": done - loaded,
                "total": done - began,
                "peak": peak(),
                "models": dataset.competitors,
                "theta": np.asarray(model.params["ratings"]).tolist(),
                "gamma": np.asarray(model.params["coeffs"]).tolist(),
                "width": (upper - lower).tolist(),
            }
        )
    )


def peak() -> dict[str, int]:
    """Bytes: the most that was resident, file-backed pages included."""
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    return {"resident": int(fields["VmHWM"].split()[0]) * 1024}


if __name__ == "__main__":
    main(sys.argv[1])
