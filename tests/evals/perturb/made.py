"""Problems written for these tests, and a second way to compute what a certificate says."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from evals.perturb.variant import SeedProblem

BREAD = SeedProblem(
    "Hannah bakes 14 loaves of bread a day for 6 days. She sells each loaf for $5 and pays $120 for flour. "
    "How many dollars does she keep?",
    "Hannah bakes 14 * 6 = <<14*6=84>>84 loaves.\n"
    "She sells them for 84 x $5 = $<<84*5=420>>420.\n"
    "She keeps $420 - $120 = $<<420-120=300>>300.\n#### 300",
)
SHARES = SeedProblem(
    "A tank holds 480 liters. Kevin uses 25% of the water. How many liters are left?",
    "He uses 480 * .25 = <<480*.25=120>>120 liters.\nThere are 480 - 120 = <<480-120=360>>360 liters left.\n#### 360",
)
HOURS = SeedProblem(
    "A machine fills 35 bottles a minute. How many bottles does it fill in 4 hours?",
    "In 4 hours there are 4 * 60 = <<4*60=240>>240 minutes.\n"
    "It fills 240 * 35 = <<240*35=8400>>8,400 bottles.\n#### 8400",
)
FRUIT = SeedProblem(
    "Apples cost $3 each at the market. Boxes cost $8 each at the harbor. "
    "Brian wants 7 apples. How much does he pay for the apples?",
    "Brian pays 7 * 3 = $<<7*3=21>>21.\n#### 21",
)
ALL = (BREAD, SHARES, HOURS, FRUIT)


def computed(postfix: Sequence[int | str], literals: Sequence[str]) -> Fraction:
    """The value of a certificate's step, by Fractions alone."""
    stack: list[Fraction] = []
    for item in postfix:
        if isinstance(item, int):
            stack.append(Fraction(literals[item]))
        elif item == "~":
            stack.append(-stack.pop())
        elif item == "%":
            stack.append(stack.pop() / 100)
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(
                {"+": left + right, "-": left - right, "*": left * right}.get(item) if item != "/" else left / right
            )
    return stack[-1]


def sources_agree(
    step: dict[str, Any], number: int, graph: Sequence[dict[str, Any]], mentions: Sequence[dict[str, Any]]
) -> bool:
    """Whether each literal's value is that of every source, written independently of the package."""
    values = {mention["quantity"]: mention["new"] for mention in mentions}
    for literal, sources in zip(step["literals"], step["sources"], strict=True):
        found = {_value(source, values, graph[:number]) for source in sources} - {None}
        steps = {Fraction(graph[s["index"]]["value"]) for s in sources if s["kind"] == "step"}
        if Fraction(literal) not in found or (found - steps) - {Fraction(literal)}:
            return False
    return True


def _value(source: dict[str, Any], quantities: dict[int, str], graph: Sequence[dict[str, Any]]) -> Fraction | None:
    if source["kind"] == "step":
        return Fraction(graph[source["index"]]["value"])
    if source["kind"] == "constant":
        return Fraction(source["value"])
    value = Fraction(quantities[source["index"]])
    top, _, bottom = quantities[source["index"]].partition("/")
    return {
        "value": value, "share": value if bottom else value / 100, "rest": 100 - value, "more": 100 + value,
        "rest share": 1 - value if bottom else 1 - value / 100, "more share": 1 + value if bottom else 1 + value / 100,
        "in dollars": value / 100, "in cents": value * 100, "numerator": Fraction(top),
        "denominator": Fraction(bottom or 1), "rest numerator": Fraction(bottom or 1) - Fraction(top),
        "reciprocal": 100 / value if value else None, "rest reciprocal": 100 / (100 - value) if value != 100 else None,
    }[source["form"]]  # fmt: skip
