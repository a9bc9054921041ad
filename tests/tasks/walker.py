"""A model that walks four steps to the answer 8, and never gets there after a bad step."""

import random
import re

from tasks.engines.engine import Request

STEPS = 4


def walk(request: Request) -> str:
    """Each step that it writes itself is bad in a quarter of the cases, by seed."""
    draw = random.Random(f"{request.seed}\0{request.prompt}")
    written = request.prompt.rpartition("Answer:\n")[2]
    done = len(re.findall(r"^Step", written, re.MULTILINE))
    lines = [f"Step {number}: {'bad' if draw.random() < 0.25 else 'good'}\n" for number in range(done + 1, STEPS + 1)]
    return "".join(lines) + f"#### {9 if 'bad' in written + ''.join(lines) else 8}\n"
