"""The parameters of the strategies stage; what they share with all others is in tasks/params.py."""

from collections import Counter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evals.genrm import Answers
from evals.judge import ReplyForm
from evals.strategies import AnySettings, strategy
from evals.strategies.settings import Majority, Pass
from storage.partition import Name
from tasks.engines.engine import EngineParams
from tasks.params import Params
from tasks.verifier.params import Runner


class VerifierRef(BaseModel):
    """A trained verifier, or a language model that stands for one: by its likelihood, or asked in words."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["process", "outcome", "likelihood", "prompted"] = "process"
    """`process`: a probability behind every step; `outcome`: one behind the last. `likelihood`: how likely the model
    that wrote the traces finds each step; it is not trained, and meant for the aggregate `product`. `prompted`: a
    language model is asked to judge each step, or the whole; it is not trained either, and meant for `min`."""
    run: Name | None = None
    """process, outcome: the run that trained it; null: the run's own, or main."""
    runner: Runner = "transformers"
    """process, outcome: transformers in the run's own process, or `vllm`, its pooling runner in Ray actors, where it
    serves the verifier's architecture."""
    engine: EngineParams | None = None
    """prompted: the judge; null: the model that writes the samples."""
    scoring: Literal["text", "logprobs"] = "text"
    """prompted: the verdicts on each step that the reply states; or one probability for the whole solution, as an
    outcome verifier's: P(yes) / (P(yes) + P(no)) of the next token (GenRM, evals/genrm.py)."""
    rationale: bool = False
    """logprobs: whether the judge writes its checks before it is asked, which its engine has to continue."""
    answers: Answers = ("Yes", "No")
    """logprobs: yes and no, each a single token of the judge."""
    form: ReplyForm = "verdicts"
    """text: a line for each step, or (`first_error`) the index of the first bad one (evals/judge.py)."""
    replies: int = Field(default=1, ge=1)
    """prompted: replies about a solution; a step's probability is the share of them that call it good, of those that
    say good or bad. With a rationale, the mean over so many. A single one is greedy."""
    reply_tokens: int = Field(default=2048, ge=1)
    """prompted: tokens of a reply, or of a rationale, at the most."""

    @model_validator(mode="after")
    def _can_be_scored(self) -> "VerifierRef":
        yes, no = (answer.strip().casefold() for answer in self.answers)
        if not yes or not no or yes == no:
            raise ValueError(f"answers {list(self.answers)}: two different words are needed, such as Yes and No")
        if self.rationale and self.scoring != "logprobs":
            raise ValueError("rationale: with scoring='text' checks come first in any case; set scoring='logprobs'")
        if self.scoring == "logprobs" and self.replies > 1 and not self.rationale:
            raise ValueError(f"replies={self.replies}: without a rationale every reply has the same probability; use 1")
        return self

    @property
    def trained(self) -> bool:
        return self.kind in ("process", "outcome")


VERIFIERS = {kind: VerifierRef(kind=kind) for kind in ("process", "outcome", "likelihood", "prompted")}


class StrategiesParams(Params):
    """Which strategies are played, with how many samples."""

    strategies: tuple[AnySettings, ...] = Field(default=(Pass(), Majority()), min_length=1)
    """Each an object with its `kind` and its settings, such as {"kind": "beam", "width": 4}."""
    ns: tuple[int, ...] = Field(default=(1, 2, 4, 8), min_length=1)
    """Samples, beams or traces at a time: each strategy is played at each of them, or at its own `ns`."""
    verifiers: dict[str, VerifierRef] = Field(default=VERIFIERS)
    """By the names that strategies ask for (`by`)."""
    engine: EngineParams | None = None
    """The model; None is the one that wrote the traces. It is loaded only where more is asked than the traces hold."""
    problems: int | None = Field(default=None, ge=1)
    """Only the first so many problems; None: all."""
    budget: int | None = Field(default=None, ge=0)
    """Tokens that all samples beside the traces may cost, those of earlier attempts included; it is never passed. What
    could not be played to its end for it is unknown, with the reason `budget`; a larger one goes on from there."""
    grading_seconds: float = Field(default=5.0, gt=0)
    """Time for one second opinion on an answer; beyond it the verdict is unknown."""

    def plays(self) -> list[tuple[AnySettings, int]]:
        """Every strategy at every N, in order."""
        return [(settings, n) for settings in self.strategies for n in settings.ns or self.ns]

    def asked_verifiers(self) -> dict[str, VerifierRef]:
        """Those that the strategies need, by the names that they ask for."""
        names = {name for settings in self.strategies for name in settings.verifiers()}
        return {name: ref for name, ref in self.verifiers.items() if name in names}

    def also_reads(self) -> tuple[str, ...]:
        own = any(ref.trained and ref.run is None for ref in self.asked_verifiers().values())
        return ("verifiers",) if own else ()

    def generation(self) -> dict[str, Any]:
        """Samples and scores are named by all that they depend on: what was kept serves any strategy."""
        return self.model_dump(mode="json", include={"engine"})

    @model_validator(mode="after")
    def _can_be_played(self) -> "StrategiesParams":
        for settings, n in self.plays():
            strategy(settings, n)
        twice = [title for title, count in Counter(each.title for each in self.strategies).items() if count > 1]
        if twice:
            raise ValueError(f"{twice[0]} is there twice: rows are named by it; give both N in `ns`")
        names = {name for settings in self.strategies for name in settings.verifiers()}
        if unknown := sorted(names - self.verifiers.keys()):
            raise ValueError(f"verifier {unknown[0]!r} is asked for, and `verifiers` does not say which one that is")
        return self
