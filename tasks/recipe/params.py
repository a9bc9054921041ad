"""The parameters of the recipe stage; what they share with all others is in tasks/params.py."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evals.filters.screen import Filters
from evals.recipes.rewards import Reward
from storage.partition import Name
from tasks.params import Params

Recipe = Literal["rejection", "shortest", "chained", "search", "self_output", "paraphrased", "preferences", "rlvr"]


class ReplayParams(BaseModel):
    """A general set, rows of which are mixed into `sft`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    share: float = Field(gt=0, lt=1)
    """Of the rows of `sft` that shall come from the general set."""
    source: Literal["file", "hub"] = "file"
    """Read from a file or folder (`path`), or loaded from a hub (`name`)."""
    path: str | None = None
    """A JSONL or Parquet file or a folder of them: rows with `messages`, or with `prompt` and `completion`."""
    name: str | None = None
    """A data set on the hub."""
    config: str | None = None
    """The hub data set's configuration."""
    split: str = "train"
    """The hub data set's split."""
    limit: int | None = Field(default=None, ge=1)
    """Draw from the first so many rows."""

    @model_validator(mode="after")
    def _is_named(self) -> "ReplayParams":
        wanted = {"file": "path", "hub": "name"}[self.source]
        if not getattr(self, wanted):
            raise ValueError(f"source={self.source!r} needs `{wanted}`")
        return self


class RecipeParams(Params):
    """Which training sets are made of the traces, and what is kept out of them."""

    recipes: tuple[Recipe, ...] = ("rejection", "preferences", "rlvr")
    """`rejection`, `shortest`, `chained`, `search`, `self_output` and `paraphrased` make rows of `sft`."""
    filters: Filters = Filters()
    """What a row must not be."""
    per_problem: int | None = Field(default=None, ge=1)
    """Rows that a recipe makes of one problem at the most; null: all there are (shortest and self_output: 1)."""
    wrong_attempts: int = Field(default=1, ge=1)
    """chained: wrong attempts before the right one."""
    tree_source: Literal["traces", "trees"] = "traces"
    """search: the tree that is walked: of the traces' shared steps, with their labels; or that of the `trees` stage."""
    max_dead_ends: int = Field(default=2, ge=1)
    """search: wrong branches in one row at the most."""
    length_ratio: float | None = Field(default=None, ge=1)
    """preferences: pair the closest lengths, none further apart than this factor; null: do not look at lengths."""
    min_pass_rate: float | None = Field(default=None, ge=0, le=1)
    """rlvr: leave out problems below this share of right attempts."""
    max_pass_rate: float | None = Field(default=None, ge=0, le=1)
    """rlvr: leave out problems above it."""
    reward: Reward = Reward()
    """rlvr: what each attempt would have got."""
    greedy_run: Name | None = None
    """rlvr: the run whose traces were sampled at temperature 0, to tell what is right only when sampled."""
    tokenizer: str = "tiny_reasoner"
    """Whose tokens `filters.max_length` counts: an embedded model, a folder or a hub name."""
    replay: ReplayParams | None = None
    """Mix in rows of a general set."""
    seed: int = 0
    """Another seed draws other rows where there are more than are taken."""

    def also_reads(self) -> tuple[str, ...]:
        labels = self.filters.bad_steps or ("search" in self.recipes and not self.walks_trees)
        asked = {"variants": "paraphrased" in self.recipes, "labels": labels, "trees": self.walks_trees}
        return tuple(dataset for dataset, wanted in asked.items() if wanted)

    @property
    def walks_trees(self) -> bool:
        """Whether streams of search are made of the rows of `trees`."""
        return "search" in self.recipes and self.tree_source == "trees"
