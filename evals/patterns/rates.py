"""Patterns about speed, time, work and measures."""

from evals.patterns.pattern import pattern

RATES = (
    pattern(
        "two_leg_trip",
        "A [train|bus] drives at {a} miles an hour for {b} hours and then at {c} miles an hour for {d} hours. How far does it "
        "[go|travel][| in total]?",
        """x = a * b: The first part is {=} miles.
        y = c * d: The second part is {=} miles.
        t = x + y: In total it goes {=} miles.""",
        a=(35, 85), b=(2, 9), c=(26, 78), d=(2, 9),
    ),
    pattern(
        "trip_remaining",
        "{A} [drives|travels] from one town to another, {a} miles away. {He} goes {b} miles an hour for {c} hours and covers the rest in "
        "{d} hours. How fast does {he} go in the second part?",
        """x = b * c: The first part is {=} miles.
        r = a - x: {=} miles remain.
        s = r / d: {He} goes {=} miles an hour.""",
        a=(240, 700), b=(28, 65), c=(2, 6), d=(2, 8),
    ),
    pattern(
        "tank_fill_leak",
        "A pump puts {a} liters a minute into a tank, and {b} liters a minute leak out. The tank already holds {c} liters. How many liters "
        "are in it after {d} minutes?",
        """n = a - b: The tank gains {=} liters a minute.
        g = n * d: In that time it gains {=} liters.
        t = c + g: It then holds {=} liters.""",
        a=(28, 95), b=(3, 24), c=(40, 400), d=(6, 38),
    ),
    pattern(
        "machines_output",
        "A factory has {a} old machines that make {b} parts an hour each and {c} new machines that make {d} parts an hour each. "
        "How many parts [do they make|come out] in {e} hours?",
        """x = a * b: The old machines make {=} parts an hour.
        y = c * d: The new machines make {=} parts an hour.
        s = x + y: Together they make {=} parts an hour.
        t = s * e: In that time they make {=} parts.""",
        a=(4, 14), b=(6, 16), c=(2, 9), d=(17, 38), e=(3, 9),
    ),
    pattern(
        "reading_days",
        "{A} reads a book of {a} pages. On each of the first {b} days {he} reads {c} pages, and then {d} pages a day. How many days does "
        "{he} need for the [rest|remaining pages]?",
        """x = b * c: In the first days {he} reads {=} pages.
        r = a - x: {=} pages remain.
        n = r / d: The rest takes {=} days.""",
        a=(180, 620), b=(3, 9), c=(12, 38), d=(8, 32),
    ),
    pattern(
        "running_week",
        "{A} runs {a} laps on each of {b} days and {c} laps on each of {d} days. A lap is {e} meters long. How many meters does {he} "
        "run?",
        """x = a * b: On the first days {he} runs {=} laps.
        y = c * d: On the other days {he} runs {=} laps.
        l = x + y: In all {he} runs {=} laps.
        t = l * e: That is {=} meters.""",
        a=(5, 14), b=(2, 5), c=(3, 12), d=(2, 4), e=(20, 90),
    ),
    pattern(
        "rope_pieces",
        "A rope is {a} meters long. {A} cuts off {b} pieces of {c} meters each and then cuts the rest into {d} equal pieces. How long is "
        "[each of these|one of these]?",
        """x = b * c: The first pieces take {=} meters.
        r = a - x: {=} meters are left.
        e = r / d: Each piece is {=} meters long.""",
        a=(120, 520), b=(3, 12), c=(4, 19), d=(3, 14),
    ),
    pattern(
        "fence_rectangle",
        "A [field|yard] is {a} meters long and {b} meters wide. {A} [fences it in|puts a fence around it] and leaves a gate of {c} "
        "meters open. A meter of fence costs ${d}. How much does the fence cost?",
        """s = a + b: One length and one width are {=} meters.
        u = s * 2: All around it is {=} meters.
        f = u - c: {=} meters need a fence.
        k = f * d: The fence costs {=} dollars.""",
        a=(26, 95), b=(12, 60), c=(3, 11), d=(4, 16),
    ),
    pattern(
        "baking_minutes",
        "One batch of {food} takes {a} minutes to prepare and {b} minutes to bake. {A} makes {c} batches one after another and cleans up for {d} "
        "minutes. How many minutes does it take?",
        """o = a + b: One batch takes {=} minutes.
        s = o * c: The batches take {=} minutes.
        t = s + d: In all it takes {=} minutes.""",
        a=(11, 38), b=(14, 55), c=(3, 12), d=(7, 48),
    ),
    pattern(
        "water_bottles_hours",
        "A team of {a} players drinks {b} bottles of water [a player|each] at a game. There are {c} games in a season. Bottles come in crates of "
        "{d}. How many crates does the team need for a season?",
        """g = a * b: A game takes {=} bottles.
        s = g * c: A season takes {=} bottles.
        n = s / d: The team needs {=} crates.""",
        a=(8, 24), b=(2, 5), c=(6, 20), d=(6, 24),
    ),
    pattern(
        "typing_speed",
        "{A} types {a} words a minute and {B} types {b} words a minute [less|slower] than {A}. Both type for {c} minutes. How many words do they "
        "type [together|in all]?",
        """o = a - b: {B} types {=} words a minute.
        s = a + o: Together they type {=} words a minute.
        t = s * c: In that time they type {=} words.""",
        a=(48, 95), b=(6, 25), c=(7, 32),
    ),
    pattern(
        "snow_days",
        "In the morning there are {a} [inches|centimeters] of snow. It snows {b} an hour for {c} hours, and in the sun {d} melt. The "
        "next day the depth doubles. How deep is the snow then?",
        """x = b * c: The new snow is {=} deep.
        y = a + x: That makes {=}.
        l = y - d: After the sun it is {=}.
        t = l * 2: The next day it is {=}.""",
        a=(6, 32), b=(2, 8), c=(4, 14), d=(3, 17), held_out=True,
    ),
    pattern(
        "worker_days",
        "A wall needs {a} bricks. {b} workers lay {c} bricks a day each. After {d} days, how many bricks are [missing|still to be laid], and "
        "how many are that for each worker?",
        """s = b * c: They lay {=} bricks a day.
        x = s * d: In those days they lay {=} bricks.
        r = a - x: {=} bricks are missing.
        e = r / b: That is {=} bricks for each worker.""",
        a=(900, 1990), b=(3, 8), c=(18, 45), d=(2, 5),
    ),
    pattern(
        "hike_slower",
        "On a hike {A} walks {a} kilometers a day for {b} days. {B} walks {c} kilometers a day fewer but for {d} days. How many kilometers "
        "farther does {B} get than {A}?",
        """x = a * b: {A} walks {=} kilometers.
        v = a - c: {B} walks {=} kilometers a day.
        y = v * d: {B} walks {=} kilometers.
        f = y - x: {B} gets {=} kilometers farther.""",
        a=(15, 34), b=(3, 7), c=(2, 6), d=(10, 22),
    ),
    pattern(
        "phone_charge",
        "A plan has {a} free minutes a month. Each further minute costs {b} cents. {A} calls {c} minutes a day for {d} days. How many cents does {he} "
        "pay?",
        """t = c * d: {He} calls for {=} minutes.
        x = t - a: {=} minutes are not free.
        k = x * b: {He} pays {=} cents.""",
        a=(60, 300), b=(3, 18), c=(18, 52), d=(18, 30),
    ),
    pattern(
        "paint_mix",
        "To mix a color, {A} takes {a} spoons of red for each spoon of white. {He} uses {b} spoons of white for a wall and paints {c} walls. A jar of red "
        "holds {d} spoons. How many jars of red does {he} need?",
        """r = a * b: A wall takes {=} spoons of red.
        t = r * c: The walls take {=} spoons of red.
        n = t / d: {He} needs {=} jars.""",
        a=(2, 9), b=(4, 18), c=(3, 15), d=(4, 24), held_out=True,
    ),
)  # fmt: skip
