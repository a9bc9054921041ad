"""The labelling policies: which rollouts a trace still needs. One small module each, pure.

    fixed          all k rollouts of every prefix: the reference
    first_success  the same hard labels for fewer rollouts
    scan           from the first step on, up to the first bad one
    binary         binary search for the first bad step: probes, then confirms
    posterior      the same, and asks more of a doubtful negative than of a plain one

The tree search of OmegaPRM is about questions, not traces: evals/omegaprm.py.
"""

from collections.abc import Callable, Sequence

from evals.montecarlo import Policy
from evals.policies.binary import binary
from evals.policies.every_prefix import every_prefix
from evals.policies.first_success import first_success
from evals.policies.fixed import fixed
from evals.policies.posterior import Prior, posterior
from evals.policies.scan import scan

DEFAULT_WAVES = (1, 1, 2, 4)


def policy(
    name: str,
    k: int,
    waves: Sequence[int] = DEFAULT_WAVES,
    skip_right: bool = True,
    probe: int = 3,
    error: float = 0.05,
    prior: Prior | None = None,
) -> Policy:
    """The policy of that name. Raises ValueError for an unknown one, and for parameters that it cannot take."""
    stop = first_success(k, waves)
    policies: dict[str, Callable[[], Policy]] = {
        "fixed": lambda: every_prefix(fixed(k)),
        "first_success": lambda: every_prefix(stop),
        "scan": lambda: scan(lambda _: stop, skip_right),
        "binary": lambda: binary(first_success(min(probe, k), waves), lambda _: stop, skip_right),
        "posterior": lambda: binary(
            first_success(min(probe, k), waves), posterior(k, waves, error, prior or Prior()), skip_right
        ),
    }
    if name not in policies:
        raise ValueError(f"no labelling policy {name!r}; there are {', '.join(sorted(policies))}")
    return policies[name]()


__all__ = ["DEFAULT_WAVES", "Prior", "binary", "every_prefix", "first_success", "fixed", "policy", "posterior", "scan"]
