"""Patterns that compare people: ages, points, votes, collections."""

from evals.patterns.pattern import pattern

PEOPLE = (
    pattern(
        "three_collections",
        "{A} has {a} {thing}. {B} has {b} times as many as {A}, and {C} has {c} fewer than {B}. How many {thing} do they have "
        "[together|in all]?",
        """x = a * b: {B} has {=} {thing}.
        y = x - c: {C} has {=} {thing}.
        s = a + x: {A} and {B} have {=} {thing}.
        t = s + y: Together they have {=} {thing}.""",
        a=(12, 75), b=(2, 7), c=(5, 48),
    ),
    pattern(
        "game_points",
        "In a game {A} scores {a} points in each of {b} rounds and loses {c} points for [a foul|cheating]. {B} scores {d} points [in all|]. By how many "
        "points does {A} win?",
        """x = a * b: {A} scores {=} points.
        y = x - c: After the loss {A} has {=} points.
        w = y - d: {A} wins by {=} points.""",
        a=(26, 85), b=(4, 12), c=(5, 40), d=(20, 75),
    ),
    pattern(
        "age_sum",
        "{A} is {a} years old. {His} mother is {b} times as old, and {his} father is {c} years older than the mother. How old are the "
        "three [together|in total]?",
        """m = a * b: The mother is {=} years old.
        f = m + c: The father is {=} years old.
        s = a + m: {A} and the mother are {=} years old.
        t = s + f: Together they are {=} years old.""",
        a=(6, 14), b=(3, 5), c=(2, 9),
    ),
    pattern(
        "votes_three",
        "{a} people vote. {A} gets {b} votes and {B} gets twice as many as {A}. The [remaining|other] votes are split equally between {c} people. "
        "How many votes does each of them get?",
        """x = b * 2: {B} gets {=} votes.
        s = b + x: The two get {=} votes.
        r = a - s: {=} votes remain.
        e = r / c: Each of them gets {=} votes.""",
        a=(300, 960), b=(26, 95), c=(3, 13),
    ),
    pattern(
        "steps_walked",
        "On Monday {A} walks {a} steps. On Tuesday {he} walks {b} more than on Monday, and on Wednesday half as many as on Tuesday. How many "
        "steps does {he} walk on the three days?",
        """x = a + b: On Tuesday it is {=} steps.
        y = x / 2: On Wednesday it is {=} steps.
        s = a + x: The first two days make {=} steps.
        t = s + y: The three days make {=} steps.""",
        a=(350, 2400), b=(40, 900),
    ),
    pattern(
        "choir_members",
        "A choir has {a} [singers|members]. {b} leave, and then {c} groups of {d} join. For a concert they stand in {e} equal rows. How many stand "
        "in a row?",
        """l = a - b: {=} stay.
        n = c * d: {=} join.
        t = l + n: The choir then has {=} members.
        r = t / e: In a row stand {=}.""",
        a=(48, 160), b=(5, 39), c=(2, 8), d=(4, 15), e=(3, 12),
    ),
    pattern(
        "letters_written",
        "{A} writes {a} letters a week to each of {b} friends. {B} writes {c} letters a week in all. How many more letters than {B} does {A} write in "
        "{d} weeks?",
        """x = a * b: {A} writes {=} letters a week.
        f = x - c: That is {=} more a week.
        t = f * d: In that time it is {=} more.""",
        a=(3, 9), b=(5, 16), c=(4, 14), d=(4, 19),
    ),
    pattern(
        "survey_share",
        "Of {a} people asked at the {place}, {p} percent like tea. Of the others, {b} like juice and the rest like water. How many like water?",
        """z = a * p: Multiplied by the percentage that is {=}.
        x = z / 100: {=} people like tea.
        o = a - x: {=} people do not like tea.
        w = o - b: {=} people like water.""",
        a=(120, 600), p=(5, 60), b=(11, 48),
    ),
    pattern(
        "team_split",
        "{a} girls and {b} boys [sign up|come] to a tournament. {c} of them are ill. The others form teams of {d}. Each team gets {e} balls. How "
        "many balls are needed?",
        """s = a + b: {=} children come.
        l = s - c: {=} children can play.
        n = l / d: They form {=} teams.
        t = n * e: {=} balls are needed.""",
        a=(35, 140), b=(28, 130), c=(4, 22), d=(4, 13), e=(2, 9),
    ),
    pattern(
        "cards_traded",
        "{A} and {B} [trade|swap] cards. {A} starts with {a} cards and gives {B} {b} packs of {c}. {B} gives {A} {d} cards for [them|it]. Then {A} wins "
        "{e} cards. How many cards does {A} have?",
        """g = b * c: {A} gives away {=} cards.
        l = a - g: {A} then has {=} cards.
        m = l + d: With the cards from {B} it is {=}.
        t = m + e: In the end {A} has {=} cards.""",
        a=(180, 420), b=(3, 9), c=(5, 18), d=(12, 75), e=(6, 48),
    ),
    pattern(
        "weights_lifted",
        "{A} lifts {a} kilograms {b} times and {c} kilograms {d} times. {B} lifts {e} kilograms less in all. How many kilograms do the two lift?",
        """x = a * b: The first lifts make {=} kilograms.
        y = c * d: The other lifts make {=} kilograms.
        s = x + y: {A} lifts {=} kilograms.
        o = s - e: {B} lifts {=} kilograms.
        t = s + o: The two lift {=} kilograms.""",
        a=(18, 60), b=(4, 12), c=(22, 70), d=(3, 9), e=(15, 140),
    ),
    pattern(
        "camp_tents",
        "At the camp there are {a} big tents for {b} children each and {c} small tents for {d} children each. {e} beds are [empty|free]. The "
        "children are led by one adult for every {f} of them. How many adults are there?",
        """x = a * b: The big tents take {=} children.
        y = c * d: The small tents take {=} children.
        s = x + y: There is room for {=} children.
        k = s - e: {=} children are there.
        n = k / f: {=} adults lead them.""",
        a=(4, 14), b=(6, 15), c=(5, 18), d=(2, 5), e=(3, 30), f=(3, 12),
    ),
    pattern(
        "museum_visitors",
        "[On Friday|On the first day] {a} people visit the museum. On Saturday it is {b} times as many, and on Sunday {c} more than on Saturday. A guide "
        "takes groups of {d}. How many groups are there on Sunday and Saturday together?",
        """s = a * b: On Saturday there are {=} visitors.
        u = s + c: On Sunday there are {=} visitors.
        t = s + u: Together that is {=} visitors.
        g = t / d: That makes {=} groups.""",
        a=(35, 190), b=(2, 5), c=(12, 90), d=(4, 16),
    ),
    pattern(
        "beads_necklace",
        "{A} makes {a} necklaces with {b} beads each and {c} bracelets with {d} beads each. {He} has {e} boxes of {f} beads. How many beads are left?",
        """x = a * b: The necklaces take {=} beads.
        y = c * d: The bracelets take {=} beads.
        u = x + y: {A} uses {=} beads.
        h = e * f: {He} has {=} beads.
        l = h - u: {=} beads are left.""",
        a=(4, 14), b=(18, 45), c=(5, 16), d=(7, 16), e=(12, 25), f=(40, 80),
    ),
    pattern(
        "orchard_three_kinds",
        "An orchard has {a} rows of {b} apple trees, {c} rows of {d} pear trees and {e} plum trees. {g} trees are cut down and the rest are cared for by {f} "
        "gardeners in equal shares. How many trees does a gardener care for?",
        """x = a * b: There are {=} apple trees.
        y = c * d: There are {=} pear trees.
        s = x + y: Apples and pears make {=} trees.
        t = s + e: With the plums there are {=} trees.
        r = t - g: {=} trees stay.
        n = r / f: Each gardener cares for {=} trees.""",
        a=(5, 16), b=(8, 25), c=(4, 12), d=(6, 20), e=(14, 70), g=(5, 45), f=(3, 9),
    ),
    pattern(
        "school_fair_six",
        "At a fair {A} sells {a} cakes at ${b} and {c} pies at ${d}. {He} gives half of the money to the {place}, pays ${e} for flour and saves the "
        "remaining money over {f} equal envelopes. How much is in an envelope?",
        """x = a * b: The cakes bring {=} dollars.
        y = c * d: The pies bring {=} dollars.
        t = x + y: In all {he} takes in {=} dollars.
        h = t / 2: Half of it is {=} dollars.
        l = h - e: After the flour {=} dollars are left.
        n = l / f: In an envelope there are {=} dollars.""",
        a=(6, 18), b=(8, 24), c=(5, 16), d=(6, 18), e=(8, 45), f=(3, 8),
    ),
    pattern(
        "library_fines",
        "{A} returns {a} books {b} days late and {B} returns {c} books {d} days late. The fine is {e} cents a book and day. How many cents do the two pay?",
        """x = a * b: {A} has {=} days to pay.
        y = c * d: {B} has {=} days to pay.
        s = x + y: Together it is {=} days.
        t = s * e: They pay {=} cents.""",
        a=(3, 9), b=(4, 18), c=(2, 8), d=(5, 19), e=(4, 18), held_out=True,
    ),
    pattern(
        "parade_wagons",
        "A parade has {a} wagons. {b} wagons carry {c} dancers each, and each of the others carries {d} drummers. {e} more people walk. How many people take part?",
        """o = a - b: There are {=} other wagons.
        x = b * c: {=} dancers ride.
        y = o * d: {=} drummers ride.
        s = x + y: {=} people ride.
        t = s + e: {=} people take part.""",
        a=(18, 40), b=(5, 14), c=(6, 18), d=(4, 12), e=(20, 95), held_out=True,
    ),
)  # fmt: skip
