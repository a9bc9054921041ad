"""Other numbers for the same problem: resampled, and computed again along every possible linking.

An instance is kept only if all linkings give the same value at every step, whole results stay whole, signs stay,
sizes stay comparable, and what plausibility.py reads from the words still holds. Its question and solution are the
seed's with the numbers replaced; at the old values they are the seed's, byte for byte.
"""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from evals.perturb import plausibility
from evals.perturb.arithmetic import Number
from evals.perturb.gold import equations_hold
from evals.perturb.grids import Range, grid
from evals.perturb.linking import Links, Source, Value, link, used
from evals.perturb.rendering import Instance, Plan, render
from evals.perturb.solution import Step, read
from evals.perturb.variant import Draft, Refused, SeedProblem, Tier

RESTARTS = 60
RESTARTS_WITHOUT_SUCCESS = 12
MOVES = 40
WIDER_RATIO = 10**5


def plan(problem: SeedProblem, reach: Range = "comparable") -> Plan:
    """Reads, links and checks a problem. Raises Refused."""
    links = _linked(problem.question, problem.solution)
    active, still = used(links), plausibility.tied_sums(links)
    pins = _pins(links, still)
    pinned = {i for row in pins.values() for i, _ in row}
    grids = {}
    for i, quantity in enumerate(links.quantities):
        if i in active and i not in still and i not in pinned and not quantity.frozen:
            values = grid([links.mentions[m] for m in quantity.mentions], quantity.value, problem.question, reach)
            if any(value != quantity.value for value in values):
                grids[i] = values
    if not grids:
        reasons = sorted({q.frozen for i, q in enumerate(links.quantities) if i in active and q.frozen})
        raise Refused("nothing may vary", "; ".join(reasons) or "no number has another fitting value")
    if reach == "larger" and not any(_grows(links.quantities[i].value, values) for i, values in grids.items()):
        raise Refused("nothing may grow", "every number that may vary is capped, a decimal or a fraction")
    ratio = plausibility.LARGEST_RATIO if reach == "comparable" else WIDER_RATIO
    pairs = tuple(p for p in plausibility.ordered_pairs(links) if set(p) & (set(grids) | pinned))
    shares = tuple((tuple(group), whole) for group, whole in plausibility.share_groups(links))
    made = Plan(links, grids, pins, pairs, shares, ratio, _tier(links), tuple(equations_hold(problem.solution)))
    original = Instance(
        tuple(q.value for q in links.quantities),
        tuple(step.expression.values for step in links.solution.steps),
        tuple(step.value for step in links.solution.steps),
    )
    back = render(made, original)
    if back is None or (back.question, back.solution) != (problem.question, problem.solution):
        raise Refused("no round trip", "the old values do not give back the old text")
    return made


def _grows(old: Value, values: Sequence[Value]) -> bool:
    """Whether every other value has more digits before the point."""
    return not isinstance(old, tuple) and all(
        not isinstance(v, tuple) and int(v) >= 10 ** len(str(int(old))) for v in values
    )


def instances(made: Plan, rng: random.Random) -> Iterator[Draft]:
    """Distinct instances, as far as the tries reach."""
    seen = {made.links.question}
    for attempt in range(RESTARTS):
        if len(seen) == 1 and attempt >= RESTARTS_WITHOUT_SUCCESS:
            return
        instance = search(made, rng)
        draft = render(made, instance) if instance else None
        if draft and draft.question not in seen:
            seen.add(draft.question)
            yield draft


def search(made: Plan, rng: random.Random) -> Instance | None:
    """A random assignment, then one number after the other drawn again as long as that satisfies no fewer
    steps; None where the tries do not suffice."""
    values: list[Value] = [q.value for q in made.links.quantities]
    free = list(made.grids)
    for i in free:
        values[i] = _draw(made.grids[i], rng)
    best, instance = follow(made, values)
    for _ in range(MOVES if len(free) > 1 else len(made.grids[free[0]]) // 2):
        if instance is not None:
            break
        i = free[int(rng.random() * len(free))]
        old, values[i] = values[i], _draw(made.grids[i], rng)
        reached, instance = follow(made, values)
        if reached < best:
            values[i] = old
        best = max(best, reached)
    return instance if instance and _differs(made, instance) else None


def _draw(choices: Sequence[Value], rng: random.Random) -> Value:
    return choices[int(rng.random() * len(choices))]


def _differs(made: Plan, instance: Instance) -> bool:
    """At least half of the free numbers have a new value."""
    changed = sum(instance.values[i] != made.links.quantities[i].value for i in made.grids)
    return 2 * changed >= len(made.grids)


def follow(made: Plan, values: list[Value]) -> tuple[int, Instance | None]:
    """How far the values go, in steps, and the instance if they keep every rule and all linkings agree."""
    pinned = {i for row in made.pins.values() for i, _ in row}
    if not _ordered(made, values, skip=pinned) or not made.shares_fit(values, pinned):
        return -1, None
    first: Instance | None = None
    for choice in made.links.choices:
        reached, instance = _follow_one(made, values, choice)
        if instance is None or (first is not None and instance.steps != first.steps):
            return reached, None
        first = first or instance
    assert first is not None  # there is at least one linking
    fits = (not pinned or _pinned_fit(made, first)) and _comparable(made, first)
    return len(first.steps), first if fits else None


def numbers(problem: SeedProblem, rng: random.Random) -> Iterator[Draft]:
    """The kind `numbers`. Raises Refused."""
    return instances(plan(problem), rng)


def larger(problem: SeedProblem, rng: random.Random) -> Iterator[Draft]:
    """The kind `larger`: whole numbers with one or two digits more, harder on purpose. Raises Refused."""
    return instances(plan(problem, "larger"), rng)


@lru_cache(maxsize=256)
def _linked(question: str, solution: str) -> Links:
    try:
        links = link(question, read(solution))
    except Refused as refused:
        if refused.reason != "a number without a source":
            raise
        links = link(question, read(solution, equations=True))
    plausibility.require_numeric(links)
    return links


def _pins(links: Links, still: set[int]) -> dict[int, tuple[tuple[int, Source], ...]]:
    """A literal that may be a quantity or one earlier step: the quantity takes the step's value, provided that
    no step up to that one needs it."""
    pins: dict[int, list[tuple[int, Source]]] = {}
    taken: set[int] = set()
    for row in links.literals:
        for sources in row:
            steps = [s for s in sources if s.kind == "step"]
            for source in sources:
                if source.kind != "quantity" or source.form != "value" or not steps or source.index in taken:
                    continue
                if (
                    source.index in still
                    or links.quantities[source.index].frozen
                    or _first_use(links, source.index) <= steps[0].index
                ):
                    continue
                taken.add(source.index)
                pins.setdefault(steps[0].index, []).append((source.index, steps[0]))
    return {k: tuple(row) for k, row in pins.items()}


def _first_use(links: Links, quantity: int) -> int:
    return next(
        k
        for k, row in enumerate(links.literals)
        if any(s.kind == "quantity" and s.index == quantity for sources in row for s in sources)
    )


def _tier(links: Links) -> Tier:
    literals = [sources for row in links.literals for sources in row]
    if any(all(s.kind == "constant" for s in sources) for sources in literals):
        return "anchored"
    active = used(links)
    if any(i not in active for i in range(len(links.quantities))):
        return "unused"
    tied = any(len(sources) > 1 for sources in literals) or any(len(q.mentions) > 1 for q in links.quantities)
    return "tied" if tied else "clean"


def _ordered(made: Plan, values: Sequence[Value], skip: set[int]) -> bool:
    magnitude = plausibility.magnitude
    return all(magnitude(values[i]) < magnitude(values[j]) for i, j in made.pairs if i not in skip and j not in skip)


def _follow_one(made: Plan, values: list[Value], choice: Sequence[Sequence[int]]) -> tuple[int, Instance | None]:
    quantities = list(values)
    literals: list[tuple[Number, ...]] = []
    results: list[Number] = []
    for k, step in enumerate(made.links.solution.steps):
        row: list[Number] = []
        for sources, chosen in zip(made.links.literals[k], choice[k], strict=True):
            value = sources[chosen].value(quantities, results)
            for source in sources:
                if source.kind != "step" and source.value(quantities, results) != value:
                    return k, None
            row.append(value)
        if any(isinstance(o, int) > isinstance(n, int) for o, n in zip(step.expression.values, row, strict=True)):
            return k, None
        partial = _partial(step, row, made.ratio)
        if partial is None:
            return k, None
        literals.append(tuple(row))
        results.append(partial)
        for i, _ in made.pins.get(k, ()):
            quantities[i] = partial
    return len(results), Instance(tuple(quantities), tuple(literals), tuple(results))


def _partial(step: Step, row: Sequence[Number], ratio: int) -> Number | None:
    try:
        partial = step.expression.evaluate(row)
    except ZeroDivisionError:
        return None
    fits = all(plausibility.result_fits(old, new, ratio) for old, new in zip(step.partial, partial, strict=True))
    return partial[-1] if fits else None


def _pinned_fit(made: Plan, instance: Instance) -> bool:
    """A quantity that took a step's value still looks like itself."""
    for row in made.pins.values():
        for i, _ in row:
            quantity = made.links.quantities[i]
            group = [made.links.mentions[m] for m in quantity.mentions]
            reach: Range = "comparable" if made.ratio == plausibility.LARGEST_RATIO else "larger"
            if instance.values[i] not in grid(group, quantity.value, made.links.question, reach):
                return False
    return _ordered(made, instance.values, skip=set()) and made.shares_fit(instance.values, set())


def _comparable(made: Plan, instance: Instance) -> bool:
    """The answer's digits stay within one, and where the text chooses, all values keep their order."""
    old, new = made.links.solution.answer, instance.steps[-1]
    if made.ratio == plausibility.LARGEST_RATIO and abs(len(str(int(old))) - len(str(int(new)))) > 1:
        return False
    if not all(_same_side(made, instance, i) for i in plausibility.limits(made.links)):
        return False
    for i in plausibility.of_the_asked_unit(made.links):
        if (old < plausibility.magnitude(made.links.quantities[i].value)) != (
            new < plausibility.magnitude(instance.values[i])
        ):
            return False
    if plausibility.ages(made.links) and any(
        step.value <= plausibility.OLDEST < value
        for step, value in zip(made.links.solution.steps, instance.steps, strict=True)
    ):
        return False
    if not plausibility.compares(made.links):
        return True
    before = [*(plausibility.magnitude(q.value) for q in made.links.quantities), *(
        s.value for s in made.links.solution.steps)]  # fmt: skip
    after = [*map(plausibility.magnitude, instance.values), *instance.steps]
    order = sorted(range(len(before)), key=lambda i: before[i])
    return all(after[i] < after[j] if before[i] < before[j] else True for i, j in pairwise(order))


def _same_side(made: Plan, instance: Instance, limit: int) -> bool:
    """No result crosses a number that the solution does not use."""
    value = plausibility.magnitude(made.links.quantities[limit].value)
    results = zip(made.links.solution.steps, instance.steps, strict=True)
    return all((step.value < value) == (new < value) for step, new in results)
