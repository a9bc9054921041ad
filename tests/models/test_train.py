import random
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from evals.problems import OPERATIONS, generate
from evals.truth import equations
from models.train import CHECKPOINT, bucket_rows, build_tokenizer, collate, drill, near, rate, train, with_slip
from tasks.engines.model import EMBEDDED


@pytest.fixture
def out(tmp_path: Path) -> Path:
    shutil.copy(EMBEDDED / "tiny_reasoner" / "tokenizer.json", tmp_path)
    return tmp_path


def test_a_slip_is_one_wrong_step_and_its_correction() -> None:
    (problem,) = generate(1, seed=3)
    lines = with_slip(problem.write("explained"), random.Random(1)).split("\n")
    assert len(lines) == len(problem.graph.nodes) + 2
    held = [equation.holds() for line in lines[:-1] for equation in equations(line)]
    assert held.count(False) == 1
    assert lines[held.index(False) + 1].split(": ", 1)[1].startswith("No, ")
    assert [line.split(":")[0] for line in lines[:-1]] == [f"Step {i}" for i in range(1, len(lines))]
    assert lines[-1] == f"#### {problem.answer}"


def test_drills_compute_what_they_ask() -> None:
    for seed in range(50):
        _, text = drill(random.Random(seed))
        found = equations(text)
        assert len(found) == 4
        assert all(OPERATIONS[e.op](e.left, e.right) == e.result for e in found)
        assert text.endswith(f"#### {found[-1].result}")


def test_a_near_miss_differs_in_one_digit() -> None:
    for value in range(2, 300):
        wrong = str(near(value, random.Random(value)))
        assert sum(a != b for a, b in zip(str(value), wrong, strict=True)) == 1


def test_only_the_solution_is_learnt(out: Path) -> None:
    tokenizer = build_tokenizer(out)
    ids, labels = collate(bucket_rows(tokenizer, 1, 0)[0], tokenizer.pad_token_id)
    for row, wanted in zip(ids, labels, strict=True):
        learnt = tokenizer.decode(row[wanted != -100])
        assert re.match(r"Step 1: .*#### \d+<\|endoftext\|>$", learnt, re.DOTALL)
        assert tokenizer.decode(row[: int((wanted != -100).nonzero()[0])]).endswith("Answer:\n")


def test_the_rate_warms_up_stays_and_falls_to_its_floor() -> None:
    total = 10_000_000
    assert rate(0, total) < 0.05
    assert rate(total // 2, total) == 1.0
    assert 0.4 < rate(int(0.875 * total), total) < 0.6
    assert rate(total, total) == 0.02


def test_a_stopped_run_goes_on_as_if_it_had_never_stopped(tmp_path: Path, out: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
        shutil.copy(out / "tokenizer.json", folder)
    train(whole, tokens=8_000, snapshots=[], seed=5, minutes=60)
    train(parts, tokens=8_000, snapshots=[], seed=5, minutes=0)
    train(parts, tokens=8_000, snapshots=[], seed=5, minutes=60)
    ends = [load_file(folder / CHECKPOINT) for folder in (whole, parts)]
    assert ends[0].keys() == ends[1].keys()
    assert {name.split("/")[-1] for name in ends[0]} >= {"momentum", "exp_avg", "exp_avg_sq", "step"}
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
