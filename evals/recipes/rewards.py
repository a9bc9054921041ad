"""Rewards that a verifier and a ruler can give: for a right answer, and for its length.

Lengths are in tokens. A reward is None where the verdict is unknown: no trainer should learn from it as wrong.

    right            1[right]
    exact_length     1[right] − α·|n_target − n|                                LCPO-Exact, arXiv 2503.04697 eq. 1
    max_length       1[right] · clip(α·(n_target − n) + δ, 0, 1)                LCPO-Max, arXiv 2503.04697 eq. 2
    relative_length  1[right] · (1 − α·σ((n − mean) / std))                     arXiv 2502.04463
    overlong         2·1[right] − 1 + soft punishment up to n_target            DAPO, arXiv 2503.14476 eq. 13
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

RewardForm = Literal["right", "exact_length", "max_length", "relative_length", "overlong"]


class Reward(BaseModel):
    """A form with its constants."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    form: RewardForm = "right"
    """See docs/recipes.md for the formulas."""
    target: int | None = Field(default=None, ge=1)
    """n_target in tokens; exact_length, max_length and overlong need it."""
    alpha: float = Field(default=0.0003, ge=0)
    """What a token costs (exact_length, max_length); for relative_length a share of 1, such as 0.2."""
    delta: float = Field(default=0.5, ge=0, le=1)
    """max_length: the reward of a right answer of exactly the target's length."""
    margin: int = Field(default=0, ge=0)
    """overlong: tokens before the target from which the punishment grows from 0 to -1."""

    @model_validator(mode="after")
    def _constants_fit(self) -> "Reward":
        if self.form in ("exact_length", "max_length", "overlong") and self.target is None:
            raise ValueError(f"form={self.form!r} needs `target`, a number of tokens")
        if self.target is not None and self.margin > self.target:
            raise ValueError(f"margin={self.margin} is more than target={self.target}")
        return self


@dataclass(frozen=True, slots=True)
class Lengths:
    """Of the right attempts at one problem, in tokens."""

    mean: float
    std: float
    """Of the population; 0 where there is one."""


def right_lengths(tokens: Sequence[int]) -> Lengths | None:
    """None where there is no right attempt: nothing is relative to it then."""
    if not tokens:
        return None
    mean = sum(tokens) / len(tokens)
    return Lengths(mean, math.sqrt(sum((each - mean) ** 2 for each in tokens) / len(tokens)))


def relative_length(tokens: int, lengths: Lengths | None) -> float | None:
    """Tokens over the mean of the problem's right attempts: 2 is twice as long."""
    return tokens / lengths.mean if lengths and lengths.mean else None


def reward(how: Reward, verdict: str, tokens: int, lengths: Lengths | None) -> float | None:
    """The reward of one attempt; `lengths` are those of its problem's right attempts."""
    if verdict not in ("correct", "wrong"):
        return None
    right, target = float(verdict == "correct"), how.target or 0
    match how.form:
        case "right":
            return right
        case "exact_length":
            return exact_length(right, tokens, target, how.alpha)
        case "max_length":
            return max_length(right, tokens, target, how.alpha, how.delta)
        case "relative_length":
            return self_normalised(right, tokens, lengths, how.alpha)
        case "overlong":
            return 2 * right - 1 + overlong(tokens, target, how.margin)


def exact_length(right: float, tokens: int, target: int, alpha: float) -> float:
    """right − α·|target − tokens|: too short costs as much as too long."""
    return right - alpha * abs(target - tokens)


def max_length(right: float, tokens: int, target: int, alpha: float, delta: float) -> float:
    """right · clip(α·(target − tokens) + δ, 0, 1): shorter is better, and a right answer keeps δ at the target."""
    return right * min(max(alpha * (target - tokens) + delta, 0.0), 1.0)


def self_normalised(right: float, tokens: int, lengths: Lengths | None, alpha: float) -> float:
    """right · (1 − α·σ((tokens − mean) / std)) over the problem's right attempts; σ(0) where all are equally long."""
    if not right or lengths is None:
        return 0.0
    deviation = (tokens - lengths.mean) / lengths.std if lengths.std else 0.0
    return 1 - alpha / (1 + math.exp(-deviation))


def overlong(tokens: int, target: int, margin: int) -> float:
    """0 up to target − margin, then linearly down to −1 at the target, −1 beyond."""
    over = tokens - (target - margin)
    if over <= 0:
        return 0.0
    return max(-over / margin, -1.0) if margin and tokens <= target else -1.0
