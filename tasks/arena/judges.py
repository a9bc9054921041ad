"""Who says which of two answers is better: their gold verdicts, simulated voters, or a language model.

Guarantees: an unknown verdict never decides a battle; a simulated vote says so on its row; a model's reply is in the
ledger before it is read, and generated once (tasks/replies.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from evals.pairwise import Choice, pairwise_prompt, place_bias, read_choice
from evals.ratings.battles import LOSS, TIE, WIN
from evals.style import FEATURES
from evals.voting import Electorate, vote
from storage.ledger import Ledger
from storage.rows import DeadLetter
from storage.schemas import DATASETS
from tasks.arena.contestants import Clerk, Meeting, Row
from tasks.arena.params import BattlesParams
from tasks.completions import Prompt, Prompter, for_each
from tasks.engines.engine import Engine
from tasks.job import Job
from tasks.judge import UnreadableJudge
from tasks.replies import Replies

WINNERS = {WIN: "model_a", TIE: "tie", LOSS: "model_b"}


class Judge(Protocol):
    name: str

    async def judge(self, meetings: Sequence[Meeting], turn: int) -> list[list[Row]]:
        """The battles of each meeting; `turn` counts the calls."""
        ...

    def summary(self) -> dict[str, Any]: ...


class GoldJudge:
    """Right beats wrong; two right answers are a tie, two wrong ones are both bad."""

    name = "gold"

    def __init__(self, clerk: Clerk) -> None:
        self._clerk = clerk

    async def judge(self, meetings: Sequence[Meeting], turn: int) -> list[list[Row]]:
        return [[self._row(meeting)] for meeting in meetings]

    def summary(self) -> dict[str, Any]:
        return {}

    def _row(self, meeting: Meeting) -> Row:
        verdicts = (meeting.a["verdict"], meeting.b["verdict"])
        winner = _GOLD.get(verdicts, "unknown")
        return self._clerk.row(meeting, winner, self.name, reason="" if winner != "unknown" else "unknown_verdict")


_GOLD = {
    ("correct", "wrong"): "model_a",
    ("wrong", "correct"): "model_b",
    ("correct", "correct"): "tie",
    ("wrong", "wrong"): "both_bad",
}


class VotersJudge:
    """A simulation: voters with known strengths and known bias look at the real answers' style."""

    name = "voters"

    def __init__(self, clerk: Clerk, electorate: Electorate) -> None:
        self._clerk, self._electorate = clerk, electorate

    async def judge(self, meetings: Sequence[Meeting], turn: int) -> list[list[Row]]:
        places = {name: place for place, name in enumerate(self._electorate.strengths)}
        a, b = (np.array([places[self._clerk.names[m.sides[s]]] for m in meetings], dtype=np.int64) for s in (0, 1))
        counts = [self._table([m.a for m in meetings]), self._table([m.b for m in meetings])]
        score, user = vote(self._electorate, a, b, counts[0], counts[1], turn)
        return [
            [self._clerk.row(m, WINNERS[s], self.name, simulated=True, user=f"voter {u}")]
            for m, s, u in zip(meetings, score.tolist(), user.tolist(), strict=True)
        ]

    def summary(self) -> dict[str, Any]:
        return {"planted": dict(self._electorate.strengths), "planted_bias": dict(self._electorate.bias)}

    def _table(self, traces: Sequence[Row]) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
        counts = [self._clerk.counts(trace) for trace in traces]
        return {name: np.array([each[name] for each in counts], dtype=np.float64) for name in FEATURES}


class ModelJudge:
    """A language model that is shown question and answers, in one order or in both."""

    def __init__(self, clerk: Clerk, params: BattlesParams, replies: Replies, prompts: dict[str, Prompt], name: str):
        self._clerk, self._params, self._replies, self._prompts, self.name = clerk, params, replies, prompts, name
        self.pairs: list[tuple[Choice, Choice]] = []
        self.unread: Counter[str] = Counter()
        self.read = 0
        self._example = ""

    @staticmethod
    async def prompts_for(meetings: Sequence[Meeting], params: BattlesParams, engine: Engine) -> dict[str, Prompt]:
        """The prompt of each meeting, and of its swapped form where both orders are asked for, by `key_of`."""
        prompter = Prompter(engine, "zero_shot", params.chat, params.seed, params.sampling)
        made: dict[str, Prompt] = {}

        async def one(meeting: Meeting) -> None:
            for each in orders(meeting, params):
                gold = _reference(each.problem, params)
                said = pairwise_prompt(each.problem["question"], each.a["text"], each.b["text"], params.rubric, gold)
                made[key_of(each)] = await prompter.turn(said)

        await for_each(meetings, 256, one)
        return {key_of(each): made[key_of(each)] for meeting in meetings for each in orders(meeting, params)}

    async def judge(self, meetings: Sequence[Meeting], turn: int) -> list[list[Row]]:
        asked = [each for meeting in meetings for each in orders(meeting, self._params)]

        async def one(meeting: Meeting) -> None:
            problem = meeting.problem["problem_id"]
            await self._replies.ask(self._prompts[key_of(meeting)], problem, f"battle {key_of(meeting)}")

        await for_each(asked, 256, one)
        found = [[self._row(each) for each in orders(meeting, self._params)] for meeting in meetings]
        self.pairs += [(rows[0]["winner"], rows[1]["winner"]) for rows in found if len(rows) == 2]
        return found

    def check(self) -> None:
        """Raises UnreadableJudge where too many replies say nothing that can be read."""
        unread, limit = sum(self.unread.values()), self._params.max_unreadable
        if self.read and unread / self.read > limit:
            kinds = ", ".join(f"{kind} {count:,}" for kind, count in self.unread.most_common())
            raise UnreadableJudge(
                f"{unread:,} of {self.read:,} replies ({unread / self.read:.0%}, allowed {limit:.0%}) cannot be read: "
                f"{kinds}. One begins {self._example[:200]!r}. Name a judge that can follow the form, or raise "
                "`sampling.max_tokens` where replies are truncated; what came is kept"
            )

    def summary(self) -> dict[str, Any]:
        bias = place_bias(self.pairs)
        told: dict[str, Any] = {"replies": self.read, "unreadable": dict(self.unread.most_common())}
        told |= {"generated": self._replies.generated}
        return told | (
            {"both_orders": {k: v for k, v in bias._asdict().items() if v is not None}} if bias.pairs else {}
        )

    @property
    def dead(self) -> list[DeadLetter]:
        return self._replies.dead

    def _row(self, meeting: Meeting) -> Row:
        [reply] = self._replies.of(self._prompts[key_of(meeting)])
        if isinstance(reply, str):
            return self._clerk.row(meeting, "unknown", self.name, reason=reply)
        reading = read_choice(reply["text"], reply["finish_reason"])
        self.read += 1
        if reading.reason:
            self.unread[reading.reason] += 1
            self._example = self._example or reply["text"]
        tokens, name = reply["tokens"], reply["reply_id"]
        return self._clerk.row(meeting, reading.choice, self.name, reason=reading.reason, tokens=tokens, reply_id=name)


def orders(meeting: Meeting, params: BattlesParams) -> list[Meeting]:
    return [meeting, meeting.swapped()] if params.both_orders else [meeting]


def key_of(meeting: Meeting) -> str:
    return f"{meeting.a['trace_id']} {meeting.b['trace_id']}"


def _reference(problem: Row, params: BattlesParams) -> str:
    if params.reference == "none":
        return ""
    return str((params.reference == "solution" and problem["solution"]) or problem["answer"])


def replies_of(job: Job[BattlesParams], engine: Engine, ledger: Ledger, prompts: dict[str, Prompt]) -> Replies:
    """The book of this run's replies."""
    kept: pa.Table = job.kept("battle_replies")
    once = {prompt.id: prompt for prompt in prompts.values()}
    return Replies(engine, job.params, ledger, kept, once.values(), "battles")


def no_replies() -> pa.Table:
    return DATASETS["battle_replies"].schema.empty_table()
