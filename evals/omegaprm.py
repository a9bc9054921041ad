"""The tree search of OmegaPRM (Luo et al., arXiv 2406.06592), as a state machine that asks for rollouts.

A search takes one question. It rolls out from the root; then, again and again, it selects a wrong rollout of
a prefix that sometimes succeeds, and finds the rollout's first error by binary search. Every prefix that the
binary search probes is a node, and its wrong rollouts can be selected in turn.

    Q(s, r) = alpha^(1 - MC(s)) * beta^(len(r) / L)             (2), len in tokens
    U(s) = c_puct * sqrt(sum of all N) / (1 + N(s))             (3)
    selected is the (s, r) with the largest Q + U among the wrong rollouts of prefixes with 0 < MC(s) < 1;
    N(s) then grows by one. There is no backup towards the root.

Guarantees: what is asked for, and the tree, depend on the verdicts alone, taken in the order of their index;
a selected rollout leaves the pool for good; a text is searched once, from whichever prefix; neither the limit
of searches nor that of rollouts is ever passed; an unknown verdict is never taken for a wrong one.

Where the paper leaves room, or this differs:
- A right rollout has no first error, so it is never selected. It counts in MC(s), and it becomes an end of
  the tree, whose steps its own answer proves.
- Steps are those of `evals/steps.py`, not sixteenths of a solution, and a probed prefix ends with a step.
- The paper filters questions with 32 rollouts and does not say whether the search reuses them. Here they are
  the root's rollouts. A question that all of them answer, or none, is left out, as in the paper.
- A prefix with unknown verdicts and no success is neither good nor bad: the binary search that meets it ends
  without a first error.
"""

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

from evals.answers import Verdict
from evals.steps import split
from evals.trees import Node, Origin, Rollout, Tree, in_order

StopRule = Literal["all_right", "none_right", "undecided", "exhausted", "searches", "rollouts", "budget"]
"""Why a search ended. `all_right`, `none_right`: the root's rollouts were; `undecided`: they may have been, as
some are unknown or the engine refuses the root. `exhausted`: no rollout is left to search; `searches`,
`rollouts`: the question's limits. `budget`: the run's, which alone leaves a question unfinished."""
LEFT_OUT: frozenset[str] = frozenset({"all_right", "none_right", "undecided"})
"""Stop rules of questions that were not searched."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The paper's values, except `rollouts`, which is OpenR's. Raises ValueError for a limit below the root's
    need."""

    k: int = 8
    root_k: int = 32
    searches: int = 100
    rollouts: int = 200
    alpha: float = 0.5
    beta: float = 0.9
    length: float = 500.0
    c_puct: float = 0.125

    def __post_init__(self) -> None:
        if self.rollouts < self.root_k:
            raise ValueError(f"rollouts={self.rollouts}: the root alone takes root_k={self.root_k}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The first `count` rollouts of a prefix."""

    path: tuple[str, ...]
    count: int

    @property
    def text(self) -> str:
        return "".join(self.path)


Answer = Sequence[Rollout] | None
"""The rollouts that were wanted, by index; none of them where the engine refuses the prefix; None where
nothing more may be spent."""


def value(mc: float, tokens: int, settings: Settings) -> float:
    """Q(s, r), formula (2): large for a short wrong rollout of a prefix that mostly succeeds."""
    return math.pow(settings.alpha, 1 - mc) * math.pow(settings.beta, tokens / settings.length)


def exploration(all_visits: int, visits: int, settings: Settings) -> float:
    """U(s), formula (3)."""
    return settings.c_puct * math.sqrt(all_visits) / (1 + visits)


class Search:
    """A search that waits for its answers: `wanted` until it is over, then `tree`."""

    def __init__(self, start: Sequence[str], splitter: str, settings: Settings) -> None:
        """`start`: steps of a human solution from which the tree starts; none for the bare question."""
        self._steps = _grow(tuple(start), splitter, settings)
        self.wanted: Wanted | None = next(self._steps)
        self.tree: Tree | None = None

    def answer(self, rollouts: Answer) -> None:
        """Gives what was wanted. Raises ValueError for fewer rollouts than were asked for."""
        if rollouts and self.wanted and len(rollouts) != self.wanted.count:
            raise ValueError(f"{len(rollouts)} rollouts where {self.wanted.count} were wanted")
        try:
            self.wanted = self._steps.send(rollouts)
        except StopIteration as end:
            self.wanted, self.tree = None, end.value


def policy(
    kept: Mapping[str, Sequence[Rollout]], start: Sequence[str], splitter: str, settings: Settings
) -> Wanted | Tree:
    """What is owed next, given the rollouts that there are by prefix; or the finished tree."""
    search = Search(start, splitter, settings)
    while search.wanted:
        known = kept.get(search.wanted.text, ())
        if len(known) < search.wanted.count:
            return search.wanted
        search.answer(known[: search.wanted.count])
    assert search.tree is not None
    return search.tree


@dataclass
class _State:
    """A prefix that was probed."""

    path: tuple[str, ...]
    rollouts: tuple[Rollout, ...]
    visits: int = 0

    @property
    def node(self) -> Node:
        return Node(self.path, self.rollouts, self.visits)


@dataclass(frozen=True)
class _Candidate:
    """A wrong rollout that may be selected."""

    state: _State
    mc: float
    index: int

    @property
    def rollout(self) -> Rollout:
        return self.state.rollouts[self.index]


class _Over(Exception):
    """The search ends here, for the reason that is its argument."""


_Steps = Generator[Wanted, Answer, Tree]
_Probe = Generator[Wanted, Answer, Node]


def _grow(start: tuple[str, ...], splitter: str, settings: Settings) -> _Steps:
    growth = _Growth(splitter, settings)
    try:
        root = yield from growth.probe(start, settings.root_k)
        stop_rule = _left_out(root)
        while stop_rule is None:
            stop_rule = growth.why_no_more()
            if stop_rule is None:
                yield from growth.search(growth.selected())
    except _Over as over:
        stop_rule = over.args[0]
    return growth.tree(start, stop_rule)


def _left_out(root: Node) -> StopRule | None:
    """Why a question is not searched, None for one that is."""
    label = root.label
    if label.successes and label.failures:
        return None
    if label.unknowns or not root.rollouts:
        return "undecided"
    return "all_right" if label.successes else "none_right"


@dataclass
class _Growth:
    """What has grown so far."""

    splitter: str
    settings: Settings
    states: dict[str, _State] = field(default_factory=dict)
    ends: list[Node] = field(default_factory=list)
    pool: dict[str, _Candidate] = field(default_factory=dict)
    """By the whole text that the rollout makes."""
    met: set[str] = field(default_factory=set)
    """Texts that are or were in the pool."""
    spent: int = 0
    searches: int = 0

    def probe(self, path: tuple[str, ...], count: int) -> _Probe:
        """The node of a prefix, rolled out unless it was before."""
        text = "".join(path)
        if text not in self.states:
            if self.spent + count > self.settings.rollouts:
                raise _Over("rollouts")
            rollouts = yield Wanted(path, count)
            if rollouts is None:
                raise _Over("budget")
            self.spent += len(rollouts)
            self._add(_State(path, tuple(rollouts)))
        return self.states[text].node

    def why_no_more(self) -> StopRule | None:
        if not self.pool:
            return "exhausted"
        return "searches" if self.searches >= self.settings.searches else None

    def selected(self) -> _Candidate:
        """Takes the best candidate out of the pool; of equal ones the first that came."""
        visits = sum(state.visits for state in self.states.values())

        def worth(text: str) -> float:
            candidate, settings = self.pool[text], self.settings
            u = exploration(visits, candidate.state.visits, settings)
            return value(candidate.mc, candidate.rollout.tokens, settings) + u

        return self.pool.pop(max(self.pool, key=worth))

    def search(self, candidate: _Candidate) -> Generator[Wanted, Answer, None]:
        """Binary search for the first error of a rollout: go right after a good prefix, left after a bad
        one."""
        state = candidate.state
        state.visits += 1
        self.searches += 1
        path = state.path + steps_of(candidate.rollout.text, state.path, self.splitter)
        good, bad = len(state.path), len(path)
        try:
            while bad - good > 1:
                middle = (good + bad) // 2
                hard = (yield from self.probe(path[:middle], self.settings.k)).label.hard
                if hard is None:
                    break
                good, bad = (middle, bad) if hard else (good, middle)
        finally:  # a limit may end it on the way
            first_error = good if bad - good == 1 else None
            origin = Origin("".join(state.path), candidate.index)
            self.ends.append(Node(path, verdict=Verdict.wrong, origin=origin, first_error=first_error))

    def tree(self, start: tuple[str, ...], stop_rule: StopRule) -> Tree:
        nodes = [state.node for state in self.states.values()] or [Node(start)]
        right = [] if stop_rule in LEFT_OUT else self._right_ends()
        return in_order([*nodes, *self.ends, *right], stop_rule)

    def _add(self, state: _State) -> None:
        self.states["".join(state.path)] = state
        mc = state.node.label.soft
        if mc is None or not 0 < mc < 1:
            return
        for index, rollout in enumerate(state.rollouts):
            whole = "".join(state.path) + rollout.text
            if rollout.verdict is Verdict.wrong and rollout.text and whole not in self.met:
                self.met.add(whole)
                self.pool[whole] = _Candidate(state, mc, index)

    def _right_ends(self) -> list[Node]:
        ends: dict[str, Node] = {}
        for text, state in self.states.items():
            for index, rollout in enumerate(state.rollouts):
                if rollout.verdict is Verdict.correct and rollout.text:
                    path = state.path + steps_of(rollout.text, state.path, self.splitter)
                    end = Node(path, verdict=Verdict.correct, origin=Origin(text, index))
                    ends.setdefault(end.text, end)
        return list(ends.values())


def steps_of(text: str, path: Sequence[str], splitter: str) -> tuple[str, ...]:
    """The steps of a continuation of `path`, cut where the whole text has steps; none for an empty text."""
    begin = len("".join(path))
    whole = "".join(path) + text
    ends = [end for end in accumulate(map(len, split(whole, splitter))) if end > begin]
    return tuple(whole[start:end] for start, end in zip([begin, *ends], ends, strict=False))
