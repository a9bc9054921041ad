"""The parameters of the stages `perturb` and `trials`; what they share with all others is in tasks/params.py."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evals.extraction import Style
from evals.perturb.variant import Kind, Tier
from evals.prompts import PromptStyle
from tasks.engines.engine import EngineParams, Sampling
from tasks.params import Chat, Params

ALONE: tuple[Kind, ...] = ("identity", "numbers", "names", "objects", "names+numbers", "order", "distractor", "larger")
"""The kinds that need neither a model nor a template."""


class KindOptions(BaseModel):
    """What holds for one kind alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    variants: int | None = Field(default=None, ge=1)
    """Variants a problem; null: as many as of the others."""
    tiers: tuple[Tier, ...] | None = None
    """Take only variants whose gold rests on no more than this, `["clean", "tied"]` say; null: all."""


class RewriterParams(BaseModel):
    """Who rewords questions for the kind `paraphrase`, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    engine: EngineParams
    """The model; the embedded ones cannot reword."""
    chat: Chat = "auto"
    """Whether the prompt goes through the model's chat template; `auto`: where it has one."""
    samples: int = Field(default=8, ge=1)
    """Rewordings asked for a problem; the first that pass the check are its variants. Raising it keeps those that
    there are."""
    sampling: Sampling = Sampling(temperature=0.9, max_tokens=512)
    """Of the rewordings."""
    seed: int = 0
    """Base seed: another one gives other rewordings."""
    budget: int | None = Field(default=None, ge=0)
    """Tokens that all rewordings together may have; null is no limit."""


class PerturbParams(Params):
    """How problems are perturbed."""

    kinds: tuple[Kind, ...] = ALONE
    """Of perturbation; see docs/perturb.md. `paraphrase` needs a `rewriter`, `template` needs `templates`."""
    variants: int = Field(default=4, ge=1)
    """Variants a problem and kind. More keep those that there are."""
    options: dict[Kind, KindOptions] = Field(default_factory=dict)
    """What holds for one kind alone."""
    problems: int | None = Field(default=None, ge=1)
    """Only the first so many problems; null: all."""
    seed: int = 0
    """Another one gives other variants."""
    rewriter: RewriterParams | None = None
    """Who rewords."""
    templates: str | None = None
    """A file of GSM-Symbolic-style templates (.json, .jsonl) or a folder of them, on this machine or at any URL that
    fsspec opens."""

    @model_validator(mode="after")
    def _kinds_have_what_they_need(self) -> "PerturbParams":
        needs: dict[Kind, tuple[str, object]] = {
            "paraphrase": ("rewriter", self.rewriter),
            "template": ("templates", self.templates),
        }
        for kind, (name, value) in needs.items():
            if (kind in self.kinds) != (value is not None):
                raise ValueError(f"the kind {kind!r} and `{name}` belong together: give both or neither")
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError(f"kinds={list(self.kinds)} names one twice")
        if unused := self.options.keys() - set(self.kinds):
            raise ValueError(f"options for {sorted(unused)}, which kinds={list(self.kinds)} does not name")
        return self

    def generation(self) -> dict[str, Any]:
        asked = {"engine", "chat", "sampling", "seed"}
        return self.rewriter.model_dump(mode="json", include=asked) if self.rewriter else {}

    def count(self, kind: Kind) -> int:
        """Variants of a kind that a problem shall have."""
        options = self.options.get(kind)
        return options.variants if options and options.variants else self.variants


class TrialsParams(Params):
    """How a model answers the problems and their variants."""

    engine: EngineParams = EngineParams()
    """The model."""
    prompt: PromptStyle = "concise"
    """How a question is put; `few_shot` or `zero_shot` for models that are not the embedded ones."""
    chat: Chat = "auto"
    """Whether the prompt goes through the model's chat template; `auto`: where it has one and the style is
    not few_shot."""
    samples: int = Field(default=1, ge=1)
    """Answers to each variant. Raising it keeps those that there are."""
    original_samples: int | None = Field(default=None, ge=1)
    """Answers to each original; null: as many as all its variants of one kind get together, so that neither side of a
    difference is measured worse."""
    kinds: tuple[Kind, ...] | None = None
    """Only variants of these kinds; null: all that there are."""
    sampling: Sampling = Sampling(logprobs=0)
    """Temperature and the rest; `logprobs` null where a server does not tell them."""
    extraction: Style = "flexible"
    """Whose verdict is `verdict`: `flexible`, or `strict`, which reads `#### 18` alone. Both are recorded."""
    seed: int = 0
    """Base seed: another one gives other answers."""
    grading_seconds: float = Field(default=5.0, gt=0)
    """Time for one second opinion on an answer; beyond it the verdict is unknown."""

    def generation(self) -> dict[str, Any]:
        return self.model_dump(mode="json", include={"engine", "prompt", "chat", "sampling", "seed"})
