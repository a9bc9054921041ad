"""Patterns of two steps."""

from evals.patterns.pattern import pattern

SHORT = (
    pattern(
        "boxes_and_extra",
        "{A} [fills|packs] {a} boxes with {b} {food} each and has {c} {food} left over. How many {food} [are there|does {he} have]?",
        """t = a * b: The boxes hold {=} {food}.
        s = t + c: In all there are {=} {food}.""",
        a=(4, 28), b=(6, 48), c=(3, 60),
    ),
    pattern(
        "eaten_and_shared",
        "{A} has {a} {food}. {He} eats {b} and [shares|divides] the rest equally among {c} friends. How many {food} does a friend get?",
        """l = a - b: {=} {food} are left.
        e = l / c: A friend gets {=} {food}.""",
        a=(24, 240), b=(3, 30), c=(3, 16),
    ),
    pattern(
        "come_and_go",
        "There are {a} people [on a train|in the {place}]. {b} get [off|tired and leave], and {c} [new ones|others] come in. How many people are there then?",
        """l = a - b: {=} people stay.
        n = l + c: Then there are {=} people.""",
        a=(60, 480), b=(11, 58), c=(8, 190),
    ),
    pattern(
        "price_for_both",
        "A [pen|ruler] costs {a} cents and a [book|map] costs {b} cents more. How many cents do both cost together?",
        """o = a + b: The other one costs {=} cents.
        t = a + o: Both cost {=} cents.""",
        a=(35, 280), b=(18, 390),
    ),
    pattern(
        "speed_from_parts",
        "{A} cycles {a} kilometers before lunch and {b} after lunch, {c} hours in all. How many kilometers an hour is that on average?",
        """t = a + b: In all it is {=} kilometers.
        s = t / c: On average it is {=} kilometers an hour.""",
        a=(18, 96), b=(12, 90), c=(3, 12),
    ),
    pattern(
        "twice_and_fewer",
        "On a walk {A} counts {a} [fish|birds]. {B} counts twice as many, [less|minus] {b}. How many does {B} count?",
        """d = a * 2: Twice as many is {=}.
        n = d - b: {B} gets {=}.""",
        a=(14, 160), b=(3, 24), held_out=True,
    ),
)  # fmt: skip
