"""Files of the schema of ProcessBench and PRM800K for tests; every text in them is this project's own."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def processbench(number: int, steps: Sequence[str], label: int, correct: bool, **more: Any) -> dict[str, Any]:
    """A solution of the problem `What is 2 + <number>?`."""
    return {
        "id": f"ours-{number}-{label}-{len(steps)}",
        "generator": "a-model",
        "problem": f"What is 2 + {number}?",
        "steps": list(steps),
        "final_answer_correct": correct,
        "label": label,
        **more,
    }


def prm800k(number: int, ratings: Sequence[int], finish_reason: str = "solution", **question: Any) -> dict[str, Any]:
    """A phase-1 record whose steps count up, each with one completion."""
    steps = [
        {
            "completions": [{"text": f"Step {place}: 2 + {place} = {2 + place}", "rating": rating, "flagged": False}],
            "human_completion": None,
            "chosen_completion": 0,
        }
        for place, rating in enumerate(ratings)
    ]
    return {
        "labeler": "someone",
        "timestamp": "2026-01-02T03:04:05",
        "generation": None,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {"problem": f"What is 2 + {number}?", "ground_truth_answer": str(2 + number), **question},
        "label": {"steps": steps, "total_time": 1, "finish_reason": finish_reason},
    }


def write(path: Path, records: Sequence[Any]) -> Path:
    """A JSONL file; a record that is a text is written as it is."""
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("\n".join(lines) + "\n")
    return path
