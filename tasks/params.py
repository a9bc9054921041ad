"""The parameters of each stage: everything that changes its rows, and nothing else.

All are frozen, refuse unknown fields, and have one fingerprint. `generation()` is the part on which the
expensive rows depend: rows that were paid for are used again as long as it stays the same, whatever else
changes.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evals.annotations import COLUMNS, AnnotatedFormat, Neutral
from evals.answers import CHECKER
from evals.drafts import MAX_CONTEXT_CHARS, Format, Repeats
from evals.golds import AnswerKind, Reasoning
from evals.identity import fingerprint
from evals.judge import Reference, ReplyForm
from evals.omegaprm import Settings
from evals.policies import DEFAULT_WAVES
from evals.prompts import PromptStyle
from tasks.engines.engine import EngineParams, Sampling

Splitter = Literal["auto", "tags", "step", "blank_line", "newline"]
Chat = Literal["auto", "on", "off"]


class Params(BaseModel):
    """What every stage's parameters share."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def fingerprint(self) -> str:
        return fingerprint(self.model_dump(mode="json"))

    def also_reads(self) -> tuple[str, ...]:
        """Datasets that only these parameters ask for, beside those that the stage always reads."""
        return ()

    def generation(self) -> dict[str, Any]:
        """What the expensive rows depend on. By default all of it."""
        return self.model_dump(mode="json")

    def generation_fingerprint(self) -> str:
        return fingerprint(self.generation())


class ProblemsParams(Params):
    """Where problems come from."""

    source: Literal["generated", "file", "hub"] = "generated"
    """Made here, read from a file or folder (`path`), or loaded from a hub (`name`)."""
    format: Format = "gsm8k"
    """Of a file's or a hub data set's records; `columns` reads those that `columns` names."""
    repeats: Repeats | None = None
    """A question that stood before: `refuse` it, or `skip` it as the same problem; None: skip where a file holds
    solutions (processbench, prm800k), else refuse."""
    path: str | None = None
    """A JSONL or Parquet file or a folder of them, on this machine or at any URL that fsspec opens."""
    name: str | None = None
    """A data set on the hub, such as `openai/gsm8k`; `gsm8k`, `math`, `math500`, `gsm_plus`, `arc_challenge`,
    `arc_easy`, `logiqa`, `hotpotqa` and `processbench` bring their own format."""
    config: str | None = None
    """The hub data set's configuration, such as `main`."""
    split: str = "test"
    """Hub: the split to read. Generated: `train`, `test` or `held_out` (patterns that no training saw)."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Our field (`question`, `answer`, `solution`, `problem_id`, `choices`, `reasoning`) to the column with it."""
    answer_kind: AnswerKind | None = None
    """format=columns: what answers are (`number`, `math`, `choice`, `text`); None: `choice` where `columns` names
    choices, else numbers or formulas."""
    reasoning: Reasoning | None = None
    """The kind of reasoning that the problems ask for; None: what the format is known for."""
    max_context_chars: int = Field(default=MAX_CONTEXT_CHARS, ge=0)
    """hotpotqa: of the paragraphs before a question, at most; 0 is the bare question."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many records, from the first."""
    sample: int | None = Field(default=None, ge=1)
    """Files and the hub: so many of the problems that were read, in an order that `seed` shuffles; None takes all."""
    offset: int = Field(default=0, ge=0)
    """The place in that order at which `sample` begins; behind the end it goes on from the beginning."""
    count: int = Field(default=200, ge=1)
    """Generated: how many."""
    seed: int = 0
    """Another seed gives other problems."""
    max_question_chars: int = Field(default=20_000, ge=1)
    """A longer question is refused."""

    @model_validator(mode="after")
    def _source_is_named(self) -> "ProblemsParams":
        wanted = {"file": "path", "hub": "name"}.get(self.source)
        if wanted and not getattr(self, wanted):
            raise ValueError(f"source={self.source!r} needs `{wanted}`")
        if self.source == "generated" and self.split not in ("train", "test", "held_out"):
            raise ValueError(f"split={self.split!r}: generated problems have the splits train, test and held_out")
        if self.source == "generated" and self.sample is not None:
            raise ValueError("sample is of a file or a data set; of generated problems say `count`")
        return self


class ImportParams(BaseModel):
    """Traces that there are already, instead of sampled ones: with what people said of their steps, if they did."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    source: Literal["file", "hub"] = "file"
    """Read from a file or folder (`path`), or loaded from a hub (`name`)."""
    format: AnnotatedFormat = "columns"
    """Of the records; `columns` reads those that `columns` names."""
    path: str | None = None
    """A JSONL or Parquet file or a folder of them, on this machine or at any URL that fsspec opens."""
    name: str | None = None
    """A data set on the hub; `processbench` brings its own format."""
    config: str | None = None
    """The hub data set's configuration."""
    split: str = "test"
    """The hub data set's split; ProcessBench's are gsm8k, math, olympiadbench and omnimath."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Our field to the column that holds it: `question`; `steps` (a list) or `text` (to be split); where there are
    any `truths` (a list of 1, 0, null) or `first_error`, `correct`, `answer`, `solution`, `model`."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many records, from the first."""
    separator: str | None = None
    """Put behind each step but the last; None: what the format lost (processbench a blank line, prm800k a line end)."""
    neutral: Neutral = "good"
    """What PRM800K's rating 0 counts as."""

    @model_validator(mode="after")
    def _is_named(self) -> "ImportParams":
        wanted = {"file": "path", "hub": "name"}[self.source]
        if not getattr(self, wanted):
            raise ValueError(f"source={self.source!r} needs `{wanted}`")
        if unknown := self.columns.keys() - set(COLUMNS):
            raise ValueError(f"columns: {sorted(unknown)} are no fields of a trace; there are {', '.join(COLUMNS)}")
        return self


class TracesParams(Params):
    """How reasoning traces are sampled, or where they are read."""

    imported: ImportParams | None = None
    """Read traces instead of sampling them. What follows then says how labels continue them."""
    engine: EngineParams = EngineParams()
    """The model."""
    prompt: PromptStyle = "concise"
    """How the problem is put; `concise` and `explained` are what the embedded models know."""
    chat: Chat = "auto"
    """Whether the prompt goes through the model's chat template; `auto`: where it has one and the style is
    not few_shot."""
    samples: int = Field(default=8, ge=1)
    """Traces a problem. Raising it keeps those that there are."""
    sampling: Sampling = Sampling()
    """Temperature and the rest."""
    splitter: Splitter | None = None
    """How a trace is cut into steps; None takes what the prompt's style asks for."""
    seed: int = 0
    """Base seed: another one gives other samples."""
    grading_seconds: float = Field(default=5.0, gt=0)
    """Time for one second opinion on an answer; beyond it the verdict is unknown."""

    def generation(self) -> dict[str, Any]:
        return self.model_dump(mode="json", include={"engine", "prompt", "chat", "sampling", "seed"})


class LabelsParams(Params):
    """How steps are labelled."""

    engine: EngineParams | None = None
    """The completer; None is the model that wrote the traces. The prompt's style is that of the traces."""
    policy: Literal["fixed", "first_success", "scan", "binary", "posterior"] = "first_success"
    """`fixed`: all k rollouts of every prefix. `first_success`: stop at the first right one; same hard
    labels, fewer rollouts. `scan`, `binary`: look for the first bad step alone, one after the other or by halves.
    `posterior`: by halves, and more rollouts for a doubtful negative."""
    k: int = Field(default=8, ge=1)
    """Rollouts a prefix at the most."""
    waves: tuple[int, ...] = DEFAULT_WAVES
    """How many rollouts are asked for at a time (not by `fixed`); the last number repeats until k."""
    skip_right: bool = True
    """scan, binary, posterior: a trace whose answer is right is its own proof, and costs nothing."""
    probe: int = Field(default=3, ge=1)
    """binary, posterior: failures that send the search to the front; the step that it ends at gets all k rollouts."""
    error: float = Field(default=0.05, gt=0, lt=1)
    """posterior: a step is called bad once the probability that it is right is below this."""
    right: float = Field(default=0.7, gt=0, lt=1)
    """posterior: how probable it is beforehand that a searched step is right."""
    recovery: float = Field(default=0.02, ge=0, lt=1)
    """posterior: how often rollouts reach the right answer from behind an error."""
    budget: int | None = Field(default=None, ge=0)
    """Tokens that the rollouts may cost, those of earlier attempts included; it is never passed. Steps that are not
    decided then say so (`stop_rule` is `budget`), and a larger budget goes on from there."""
    sampling: Sampling = Sampling()
    """Of the rollouts."""
    seed: int = 0
    """Base seed: another one gives other rollouts."""
    traces_per_problem: int | None = Field(default=None, ge=1)
    """Label only the first so many traces of each problem; None labels all."""
    grading_seconds: float = Field(default=5.0, gt=0)
    """Time for one second opinion on an answer; beyond it the verdict is unknown."""

    def generation(self) -> dict[str, Any]:
        return self.model_dump(mode="json", include={"engine", "sampling", "seed"})


class JudgeParams(Params):
    """Whose second opinion on the steps is asked, and how."""

    kind: Literal["model", "program"] = "model"
    """`model`: a language model, which `engine` names. `program`: the computation behind generated problems."""
    engine: EngineParams | None = None
    """The judge; it has no default, for the embedded models cannot judge."""
    form: ReplyForm = "verdicts"
    """`verdicts`: a line for each step. `first_error`: the index of the first bad step, ProcessBench's form."""
    reference: Reference = "none"
    """What the judge is shown of the gold; `solution` falls back to the answer where there is none."""
    chat: Chat = "auto"
    """Whether the prompt goes through the judge's chat template; `auto`: where it has one."""
    samples: int = Field(default=1, ge=1)
    """Replies a trace; a verdict is what more than half of them say. Raising it keeps those that there are."""
    sampling: Sampling = Sampling(temperature=0.0, max_tokens=2048)
    """Of the replies."""
    seed: int = 0
    """Base seed: another one gives other replies."""
    traces_per_problem: int | None = Field(default=None, ge=1)
    """Judge only the first so many traces of each problem; None judges all."""
    budget: int | None = Field(default=None, ge=0)
    """Tokens that all replies together may have; what it leaves out is unknown. None is no limit."""
    max_unreadable: float = Field(default=0.5, ge=0, le=1)
    """Share of the replies that may be unreadable before the stage fails: such a judge is none."""

    @model_validator(mode="after")
    def _judge_is_named(self) -> "JudgeParams":
        if self.kind == "model" and self.engine is None:
            raise ValueError("kind='model' needs a judge: name `engine.kind` and `engine.model`, or use kind='program'")
        if self.kind == "program" and self.engine is not None:
            raise ValueError("kind='program' asks no model: leave `engine` out")
        if self.samples > 1 and self.sampling.temperature == 0:
            raise ValueError(f"samples={self.samples} at temperature 0 are {self.samples} times the same reply")
        return self

    def generation(self) -> dict[str, Any]:
        return self.model_dump(mode="json", include={"engine", "form", "reference", "chat", "sampling", "seed"})


class ConsensusParams(Params):
    """Nothing to choose: a trace is kept where rollouts and judge name the same first error."""


class TreesParams(Params):
    """How a question's tree of prefixes is searched for first errors."""

    engine: EngineParams | None = None
    """The completer; None is the model that wrote the traces. The prompt's style is that of the traces."""
    problems: int | None = Field(default=None, ge=1)
    """Search only the first so many questions; None searches all."""
    k: int = Field(default=8, ge=1)
    """Rollouts a prefix."""
    root_k: int = Field(default=32, ge=2)
    """Rollouts of the bare question; it is left out where all of them are right, or none is. Traces that were
    asked for alike are the first of them."""
    searches: int = Field(default=100, ge=0)
    """Rollouts of a question that are searched for their first error, at the most."""
    rollouts: int = Field(default=200, ge=2)
    """Rollouts of a question, at the most; those of the root included."""
    budget: int | None = Field(default=None, ge=0)
    """Tokens that all rollouts together may have; traces that are used again are free. A question for whose next
    rollouts it has no room is left unfinished, and says so (`stop_rule` is `budget`); a larger budget goes on
    from there. None is no limit."""
    start_steps: int = Field(default=0, ge=0)
    """Steps of the gold solution from which each tree starts, its last step excepted; 0 is the bare question."""
    splitter: Splitter | None = None
    """How rollouts are cut into steps; None takes that of the traces."""
    alpha: float = Field(default=0.5, gt=0, le=1)
    """Q(s, r): how much a rollout of a prefix that mostly fails is worth."""
    beta: float = Field(default=0.9, gt=0, le=1)
    """Q(s, r): how much a rollout of `length` tokens is worth, against one of none."""
    length: float = Field(default=500, gt=0)
    """Q(s, r): tokens."""
    c_puct: float = Field(default=0.125, ge=0)
    """U(s): how much prefixes are preferred that were searched less."""
    sampling: Sampling = Sampling()
    """Of the rollouts."""
    seed: int = 0
    """Base seed: another one gives other rollouts."""
    grading_seconds: float = Field(default=5.0, gt=0)
    """Time for one second opinion on an answer; beyond it the verdict is unknown."""

    def generation(self) -> dict[str, Any]:
        return self.model_dump(mode="json", include={"engine", "sampling", "seed"})

    def settings(self) -> Settings:
        return Settings(**self.model_dump(include=set(Settings.__dataclass_fields__)))

    @model_validator(mode="after")
    def _limits_fit(self) -> "TreesParams":
        self.settings()
        return self


class AuditParams(Params):
    """A person's judgements of labelled steps."""

    sheet: str = "audit.csv"
    """The CSV that `proctor audit` draws, and that was filled in."""
    level: float = Field(default=0.95, gt=0, lt=1)
    """Of the confidence intervals."""


class PRMParams(Params):
    """The forms of the training data."""

    keep: Literal["all", "consensus"] = "all"
    """`consensus`: only traces on which rollouts and judge agree (the `consensus` stage)."""
    source: Literal["labels", "trees"] = "labels"
    """Where the labels of steps come from: those of the traces, or trees of prefixes."""
    tree_rows: Literal["paths", "edges"] = "paths"
    """Trees: a row a whole solution, where steps that solutions share are in the row of each; or a row a node,
    with all that stands before it in the prompt, where every label is in the data once."""
    tag: str = "ки"
    """Token that marks the end of a step in the tagged form."""
    through_first_error: bool = False
    """Keep the steps up to and with the first bad one, and drop those after it."""
    max_length: int | None = Field(default=None, ge=1)
    """Tokens that the trainer will keep of a row; rows that it would cut are counted."""
    tokenizer: str = "tiny_reasoner"
    """Whose tokens `max_length` counts: an embedded model, a folder or a hub name."""

    def also_reads(self) -> tuple[str, ...]:
        return (self.source, "consensus") if self.keep == "consensus" else (self.source,)

    @model_validator(mode="after")
    def _consensus_is_about_traces(self) -> "PRMParams":
        if self.keep == "consensus" and self.source == "trees":
            raise ValueError("keep='consensus' chooses among traces: use source='labels', or keep='all' with trees")
        return self


__all__ = [
    "CHECKER",
    "AuditParams",
    "ConsensusParams",
    "ImportParams",
    "JudgeParams",
    "LabelsParams",
    "PRMParams",
    "Params",
    "ProblemsParams",
    "TracesParams",
    "TreesParams",
]
