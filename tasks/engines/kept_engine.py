"""An engine without a model: stages run on it with what was kept, and learn what else they would need.

It renders the prompts that are on record, and serves no request. One that was refused when the rows were made is
refused again, for the same reason; any other one is `owed`, and counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tasks.engines.engine import Abilities, Completion, Identity, Message, Request, failed

OWED = "owed"
"""The kind of a completion, and so of a dead letter, that only a model can make."""


@dataclass(frozen=True)
class KeptEngine:
    identity: Identity
    """Of the model that made the rows."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """What the user says to the prompt that it was rendered as."""
    refusals: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Kind and message of what was refused, by request id or by affinity."""
    owed: set[str] = field(default_factory=set)
    """Ids of the requests that came here."""

    @property
    def abilities(self) -> Abilities:
        """Whatever the model could do, it did."""
        return Abilities(continues_prefix=True, logprobs=True, chat=True, context=None)

    async def render(self, messages: Sequence[Message], continue_text: str = "") -> str:
        """The prompt on record, else what was said: a prompt for which nothing is kept."""
        said = messages[-1].content
        return self.prompts.get(said, said) + continue_text

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        return [self._refused(request, affinity) for request in requests]

    async def close(self) -> None:
        """Nothing is open."""

    def _refused(self, request: Request, affinity: str | None) -> Completion:
        known = self.refusals.get(request.id) or self.refusals.get(affinity or "")
        if known is None:
            self.owed.add(request.id)
        return failed(request.id, *(known or (OWED, "it was not kept, and nothing is generated here")))
