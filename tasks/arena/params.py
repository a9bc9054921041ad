"""The parameters of the battles and ratings stages."""

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evals.judge import Reference
from evals.style import FEATURES as STYLE
from evals.style import Normalisation
from storage.partition import Partition
from tasks.engines.engine import EngineParams, Sampling
from tasks.params import Chat, Params

Cluster = Literal["none", "prompt", "user", "session"]
Check = Literal["firth", "online_elo", "flips", "voters"]
Period = Literal["none", "day", "week", "month"]


class RatingsParams(Params):
    """How battles are rated."""

    also: tuple[str, ...] = ()
    """Battles of further partitions (`battles/date=.../source=.../run=...`); a battle that several have counts once."""
    start: str | None = None
    """An earlier result (`ratings/date=.../source=.../run=...`) from which the fits start: fewer passes over the
    battles, and the same ratings."""
    features: tuple[str, ...] | None = None
    """What is held equal: `length`, `headers`, `bold`, `lists`, `emoji`, or a name in `extra`. None: all that were
    counted and differ; on each board those that differ there. An empty list is the plain rating."""
    normalisation: Normalisation = "ratio"
    """Of the differences of counts; features in `extra` are taken as they are."""
    position: bool = False
    """Estimate the advantage of the model that is shown first."""
    ties: Literal["half", "davidson", "drop"] = "half"
    """Half a win for each, Davidson's model, or left out. `both_bad` is a tie."""
    l2: float = Field(default=0.0, ge=0)
    """Half of this times the sum of all squares is added to the loss; 0 is the maximum of the likelihood."""
    base: float = Field(default=10.0, gt=1)
    """`points` more are odds of `base` to 1. 10 is the scale of public leaderboards; 2.718281828459045 the other."""
    points: float = Field(default=400.0, gt=0)
    """See `base`."""
    centre: float = 1000.0
    """Mean of the rated models; with an anchor, the anchor's rating."""
    anchor: str | None = None
    """A model whose rating is `centre` by definition; intervals are then of the distance to it."""
    cluster: Cluster = "prompt"
    """Whose battles are not independent of each other."""
    errors: Literal["robust", "bootstrap"] = "robust"
    """Of the limits: the (clustered) sandwich with profiles for models with few battles, or the Poisson bootstrap."""
    replicates: int = Field(default=200, ge=2)
    """Of the bootstrap."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """Of all intervals."""
    margin: float = Field(default=3.0, ge=0)
    """An effect surely within so many points is called equivalent to zero."""
    ablation: bool = True
    """Fit again without each feature in turn."""
    placebo: bool = False
    """Also rate with a feature that can have no effect, as a control of the errors."""
    boards: tuple[Literal["category", "language"], ...] = ("category", "language")
    """Leaderboards beside the overall one."""
    min_battles: int = Field(default=200, ge=1)
    """A category or language with fewer has no leaderboard."""
    max_boards: int = Field(default=40, ge=0)
    """At most so many of them, those with most battles."""
    drift: Period = "month"
    """Periods over which style and ratings are followed, where votes have a time."""
    per_user: int | None = Field(default=None, ge=1)
    """Count at most so many battles of a user, the first ones; None counts all."""
    per_prompt: int | None = Field(default=None, ge=1)
    """Count at most so many battles of a prompt."""
    checks: tuple[Check, ...] = ()
    """Further questions to the overall board, answered in `rating_checks`: `firth` (without the bias of small samples),
    `online_elo` (which depends on the battles' order), `flips` (the fewest votes that the first place hangs on),
    `voters` (users who do not vote as the ratings say; needs cluster=user)."""
    seed: int = Field(default=0, ge=0)
    """Of the simulated ranks, the bootstrap, the placebo and the orders of online Elo."""

    @model_validator(mode="after")
    def _checks_can_be_made(self) -> "RatingsParams":
        if len(set(self.checks)) < len(self.checks):
            raise ValueError(f"a check is asked for twice: {', '.join(self.checks)}")
        if "voters" in self.checks and self.cluster != "user":
            raise ValueError(
                f"the check of voters needs cluster=user, so that battles know who voted; not {self.cluster}"
            )
        if self.ties == "davidson" and (unfit := {"voters", "firth"} & set(self.checks)):
            raise ValueError(f"checks {sorted(unfit)} are made with ties=half or drop, not davidson")
        return self

    @model_validator(mode="after")
    def _addresses_are_some(self) -> "RatingsParams":
        for dataset, each in (*(("battles", one) for one in self.also), ("ratings", self.start)):
            if each is not None:
                partition_at(dataset, each)
        return self


def partition_at(dataset: str, address: str) -> Partition:
    """The partition of `DATASET/date=...`; raises ValueError for an address of anything else."""
    name, _, rest = address.partition("/")
    if name != dataset:
        raise ValueError(
            f"{address!r} is no address of {dataset}: write {dataset}/date=YYYY-MM-DD/source=NAME/run=NAME"
        )
    return Partition.parse(rest)


TAKEN = {"battle_id", "prompt_id", "model_a", "model_b", "winner", "weight", "user", "session", "place"}
TAKEN |= {"position", "placebo", *STYLE}
"""Names that no further feature may have: those of what ratings read, and of features that they make."""


class BattleImport(BaseModel):
    """Battles that there are already."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    source: Literal["file", "hub"] = "file"
    """Read from a file or folder (`path`), or loaded from a hub (`name`)."""
    format: Literal["columns", "lmarena", "arena_hard"] = "columns"
    """Of the records. `lmarena`: public preference data with conversations and conv_metadata. `arena_hard`: judgments
    of two games each. `columns`: any table, by its columns."""
    path: str | None = None
    """A CSV, JSONL or Parquet file or a folder of them, on this machine or at any URL that fsspec opens."""
    name: str | None = None
    """A data set on the hub, such as `lmarena-ai/arena-human-preference-140k`."""
    config: str | None = None
    """The hub data set's configuration."""
    split: str = "train"
    """The hub data set's split."""
    columns: dict[str, str] = Field(default_factory=dict)
    """columns: our field to the column that holds it, where it has another name: model_a, model_b, winner; battle_id,
    prompt_id, question, text_a, text_b, judge, user, session, language, category, at, weight, and counts such as
    length_a."""
    extra: tuple[str, ...] = ()
    """columns: further columns with numbers, each a difference of the two answers (model_a minus model_b)."""
    labels: dict[str, Literal["model_a", "model_b", "tie", "both_bad", "unknown"]] = Field(default_factory=dict)
    """columns: what the file's further words for a winner mean. Words that nobody named are refused."""
    baseline: str | None = None
    """arena_hard: the model that all others met, where the records do not name it."""
    answers: str | None = None
    """arena_hard: a JSONL file or a folder of them with the models' answers, for their style."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many records, from the first."""
    repeats: Literal["refuse", "skip"] = "skip"
    """A battle whose id stood before: passed over and counted, or a dead letter."""

    @model_validator(mode="after")
    def _is_named(self) -> "BattleImport":
        wanted = {"file": "path", "hub": "name"}[self.source]
        if not getattr(self, wanted):
            raise ValueError(f"source={self.source!r} needs `{wanted}`")
        if self.format != "columns" and (self.columns or self.extra or self.labels):
            raise ValueError(f"format={self.format!r} knows its columns: leave `columns`, `extra` and `labels` out")
        if taken := sorted({*self.extra} & TAKEN):
            raise ValueError(f"extra: {taken} have a meaning of their own in battles; give these columns other names")
        return self


class Voters(BaseModel):
    """Simulated voters, whose preferences are known because they are given here."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    strengths: dict[str, float] = Field(default_factory=dict)
    """The strength of each model, in rating points (400 are odds of 10 to 1)."""
    bias: dict[str, float] = Field(default_factory=dict)
    """What they pay for style: points for a difference of 1 in the ratio (a-b)/(a+b) of `length`, `headers`, `bold`,
    `lists` or `emoji`."""
    first: float = 0.0
    """Points for being shown first."""
    ties: float = Field(default=0.2, ge=0, le=0.5)
    """Share of ties between equals."""
    users: int = Field(default=100, ge=1)
    """How many voters there are."""
    spread: float = Field(default=0.0, ge=0)
    """Standard deviation of the voters' tastes in each model, in points: battles of one voter are then not
    independent."""

    @model_validator(mode="after")
    def _is_finite(self) -> "Voters":
        given = {**self.strengths, **self.bias, "first": self.first}
        if bad := [name for name, value in given.items() if not math.isfinite(value)]:
            raise ValueError(f"strengths and biases are finite numbers of points; {bad} are not")
        return self


Judge = Literal["gold", "model", "voters"]
RUBRIC = (
    "Which answer serves the one who asked better? Being right comes first: compute again what can be computed. Then "
    "whether the reasoning is sound and complete, and then whether it is easy to follow. Length is no merit, and "
    "neither are headings, lists or a confident tone."
)


class BattlesParams(Params):
    """Where battles come from: read (`imported`), fought by models (`contestants`), or made up (`simulated`)."""

    imported: BattleImport | None = None
    """Read battles that there are already."""
    contestants: dict[str, str] = Field(default_factory=dict)
    """Who fights: a name for each, and the address of its committed traces
    (`traces/date=.../source=.../model=.../run=...`). They meet on problems that both have answered."""
    simulated: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Contestants that are made up: of each, the mean `length`, `headers`, `bold`, `lists` and `emoji` of its answers.
    Voters judge them."""
    judge: Judge = "gold"
    """Who says which of two traces is better. `gold`: their verdicts; both right is a tie, both wrong `both_bad`.
    `model`: a language model. `voters`: a simulation."""
    pairs: Literal["random", "informative"] = "random"
    """Who meets whom: at random, or where the ratings' intervals gain most by what is known so far."""
    battles: int = Field(default=2000, ge=1)
    """How many meetings (with both orders, each is two battles); fewer where the contestants have no more answers."""
    voters: Voters = Voters()
    """judge=voters: whose preferences these are."""
    engine: EngineParams | None = None
    """judge=model: the judge."""
    rubric: str = RUBRIC
    """judge=model: what makes an answer the better one."""
    reference: Reference = "none"
    """judge=model: what it is shown of the gold; `solution` falls back to the answer where there is none."""
    both_orders: bool = True
    """judge=model: ask twice, with the sides swapped; each order is a battle. The share that its place decides is
    told."""
    chat: Chat = "auto"
    """judge=model: whether the prompt goes through the chat template; `auto`: where it has one."""
    sampling: Sampling = Sampling(temperature=0.0, max_tokens=2048)
    """judge=model: of the replies."""
    budget: int | None = Field(default=None, ge=0)
    """judge=model: tokens that all replies together may have; battles beyond it are unknown."""
    max_unreadable: float = Field(default=0.5, ge=0, le=1)
    """judge=model: share of the replies that may be unreadable before the stage fails."""
    tokenizer: str | None = None
    """Whose tokens `length` counts: an embedded model, a folder or a hub name; None counts words."""
    seed: int = Field(default=0, ge=0)
    """Another one gives other meetings, replies and votes."""

    @property
    def samples(self) -> int:
        """Replies to a prompt."""
        return 1

    def also_reads(self) -> tuple[str, ...]:
        return ("problems",) if self.contestants else ()

    def generation(self) -> dict[str, Any]:
        named = {"engine", "rubric", "reference", "chat", "sampling", "seed"}
        return self.model_dump(mode="json", include=named)

    @model_validator(mode="after")
    def _one_source(self) -> "BattlesParams":
        given = [name for name in ("imported", "contestants", "simulated") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"battles come from one of imported, contestants and simulated; given: {given or 'none'}")
        if self.imported is None and len(getattr(self, given[0])) < 2:
            raise ValueError(f"{given[0]}: a battle has two sides; name at least two")
        for address in self.contestants.values():
            partition_at("traces", address)
        if len(set(self.contestants.values())) < len(self.contestants):
            raise ValueError("contestants: two names have the same traces; nobody fights against oneself")
        if self.simulated:
            self._made_up()
        elif (self.judge == "model") != (self.engine is not None):
            raise ValueError("judge='model' needs an `engine`, and only it: name `engine.kind` and `engine.model`")
        return self

    def _made_up(self) -> None:
        if self.judge != "voters":
            raise ValueError("simulated contestants have no answers that could be right: use judge='voters'")
        for name, means in self.simulated.items():
            if unknown := sorted(means.keys() - set(STYLE)):
                raise ValueError(f"simulated.{name}: {unknown} are no counts; there are {', '.join(STYLE)}")
            if bad := {key: mean for key, mean in means.items() if not (math.isfinite(mean) and mean >= 0)}:
                raise ValueError(f"simulated.{name}: means are finite and at least 0, not {bad}")

    @model_validator(mode="after")
    def _voters_know_everybody(self) -> "BattlesParams":
        names = [*self.contestants, *self.simulated]
        if self.judge == "voters" and self.imported is None:
            if unknown := sorted(self.voters.strengths.keys() ^ set(names)):
                raise ValueError(f"voters.strengths: one for each contestant, and no other; differing: {unknown}")
            if unknown := sorted(self.voters.bias.keys() - set(STYLE)):
                raise ValueError(f"voters.bias: {unknown} are no counts; there are {', '.join(STYLE)}")
        return self
