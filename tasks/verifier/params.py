"""The parameters of the stages that train verifiers and score with them; what they share is in tasks/params.py."""

from typing import Literal

from pydantic import Field, model_validator

from evals.prompts import PromptStyle
from evals.verifier.aggregation import Aggregation
from evals.verifier.likelihood import Target
from tasks.params import Params

Kind = Literal["process", "outcome"]
Runner = Literal["transformers", "vllm"]
Head = Literal["hidden", "confidence"]
RATES: dict[Head, float] = {"hidden": 5e-4, "confidence": 5e-3}
"""Learning rates that suit the embedded model: all of its weights move slower than a head alone."""


class VerifierParams(Params):
    """What verifiers are trained from, on what, and how long."""

    kinds: tuple[Kind, ...] = ("process", "outcome")
    """`process`: a probability behind every step, from the `prm` rows. `outcome`: one behind the last, from the `orm`
    rows.
    """
    target: Target | Literal["truth"] = "counts"
    """What the process verifier learns: `counts` is the likelihood of the rollouts, right under every policy; `hard`
    and `soft` are the labels' columns; `truth` what people or the problem's computation say of each step: a
    ceiling.
    """
    head: Head = "hidden"
    """What is read of a step. `hidden`: the last hidden state, all weights being trained, as TRL does it.
    `confidence`: how probable the model found the tokens, its weights being left as they are: for models that are too
    small to judge what they read."""
    base: str = "tiny_reasoner"
    """The language model that is given a head: an embedded model, a local folder, a hub name."""
    revision: str | None = None
    """Hub models: branch, tag or commit."""
    prompt: PromptStyle | None = "concise"
    """How the question is put before the steps; null: alone, as the rows have it."""
    max_length: int | None = Field(default=None, ge=1)
    """Tokens of a solution; steps beyond are left out, and counted. null: the model's context."""
    answer_weight: float = Field(default=8.0, gt=0)
    """counts: how many rollouts the whole trace's own verdict weighs, which is one count and beyond doubt."""
    problems: int | None = Field(default=None, ge=1)
    """Take the rows of the first so many problems; null takes all."""
    choosing: float = Field(default=0.1, gt=0, lt=1)
    """Share of the problems that decide when to stop, and on the cut-off for first errors."""
    held_out: float = Field(default=0.15, gt=0, lt=1)
    """Share of the problems that decide nothing, and on which the verifiers are judged."""
    epochs: int = Field(default=2, ge=1)
    """At the most."""
    evaluations: int = Field(default=2, ge=1)
    """An epoch: points of the loss curve, each with a checkpoint."""
    patience: int = Field(default=3, ge=1)
    """Evaluations without a lower loss on the choosing problems that end the training."""
    batch_tokens: int = Field(default=4096, ge=1)
    """Of an update, padding included."""
    rate: float | None = Field(default=None, gt=0)
    """Learning rate of AdamW at its height; null: 5e-4 for the head `hidden`, 5e-3 for `confidence`."""
    warm_up: float = Field(default=0.1, ge=0, lt=1)
    """Share of the updates in which the rate rises; then it falls to zero."""
    weight_decay: float = Field(default=0.01, ge=0)
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Of weights and computation."""
    seed: int = 0
    """Of the order of batches, and of which problems are held out."""

    @property
    def height(self) -> float:
        """The learning rate at its height."""
        return RATES[self.head] if self.rate is None else self.rate

    @model_validator(mode="after")
    def _can_be_done(self) -> "VerifierParams":
        if not self.kinds or len(set(self.kinds)) < len(self.kinds):
            raise ValueError(f"kinds={list(self.kinds)}: name process, outcome or both, each once")
        if self.choosing + self.held_out >= 1:
            raise ValueError(f"choosing={self.choosing} and held_out={self.held_out} leave no problem to train on")
        return self


class VerifyParams(Params):
    """Who scores the steps of a trace, and how the scores are put together. Of the run, else of main."""

    process: Literal["trained", "judged"] = "trained"
    """Whose step probabilities: the trained verifiers'; or those of an untrained language model that was asked by
    prompt (the `judge` stage), the share of its replies that call a step good."""
    runner: Runner = "transformers"
    """Who computes: transformers, in the run's own process; or `vllm`, its pooling runner in Ray actors, where it
    serves the verifier's architecture, and transformers where it does not. They agree but for rounding."""
    process_score: Aggregation = "last"
    """The aggregation that is combined with the outcome verifier."""
    outcome_weight: float = Field(default=0.5, ge=0, le=1)
    """Share of the outcome verifier in the combined score."""
    cut_off: float | None = Field(default=None, ge=0, le=1)
    """First errors: the probability below which a step is bad; null: the one that was chosen in training, a half for
    judges."""
    traces_per_problem: int | None = Field(default=None, ge=1)
    """Score only the first so many traces of each problem; null scores all."""

    def also_reads(self) -> tuple[str, ...]:
        return ("judgements",) if self.process == "judged" else ("verifiers",)
