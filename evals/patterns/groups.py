"""Patterns about things that are gathered, shared out and counted in groups."""

from evals.patterns.pattern import pattern

GROUPS = (
    pattern(
        "trays_to_boxes",
        "{A} [bakes|makes] {a} trays of {food} with {b} on each tray. {He} [gives away|donates] {c} of them and packs "
        "the rest equally into {d} boxes. How many {food} does each box hold?",
        """t = a * b: The trays hold {=} {food}.
        l = t - c: After the gift there are {=} {food} left.
        e = l / d: Each box holds {=} {food}.""",
        a=(3, 19), b=(6, 48), c=(5, 90), d=(3, 12),
    ),
    pattern(
        "bags_found_lost",
        "{A} has {a} bags of {thing}. [Each bag holds {b} {thing}|There are {b} {thing} in each]. {He} [finds|is given] "
        "{c} more and then loses {d}. How many {thing} does {A} have now?",
        """t = a * b: The bags hold {=} {thing}.
        m = t + c: With the new ones {he} has {=} {thing}.
        r = m - d: After the loss {he} has {=} {thing}.""",
        a=(3, 16), b=(7, 45), c=(11, 160), d=(5, 99),
    ),
    pattern(
        "two_kinds_of_boxes",
        "A [truck|van] carries {a} large boxes and {b} small boxes. A large box holds {c} {food} and a small box "
        "holds {d}. How many {food} does the [truck|van] carry [in total|altogether]?",
        """l = a * c: The large boxes hold {=} {food}.
        s = b * d: The small boxes hold {=} {food}.
        t = l + s: Together that is {=} {food}.""",
        a=(4, 18), b=(5, 25), c=(22, 60), d=(6, 20),
    ),
    pattern(
        "shelves_removed",
        "The {place} has {a} shelves with {b} books each. [Workers|Volunteers] take away {c} old books and put "
        "{d} new ones on the shelves. [How many books are there now|What is the number of books now]?",
        """t = a * b: The shelves hold {=} books.
        l = t - c: Without the old ones there are {=} books.
        n = l + d: With the new ones there are {=} books.""",
        a=(5, 24), b=(14, 52), c=(18, 150), d=(12, 140),
    ),
    pattern(
        "share_among_friends",
        "{A} and {B} [collect|pick] {food}. {A} [collects|picks] {a} and {B} [collects|picks] {b} more than {A}. They "
        "share all of them equally among {c} friends. How many {food} does each friend get?",
        """o = a + b: {B} has {=} {food}.
        t = a + o: Together they have {=} {food}.
        e = t / c: Each friend gets {=} {food}.""",
        a=(18, 140), b=(4, 60), c=(3, 14),
    ),
    pattern(
        "dozens_broken",
        "A {place} buys {a} dozen {food}. {b} of them are [spoiled|squashed|bad], and the good ones are put on {c} plates "
        "[in equal numbers|equally]. How many {food} are on each plate?",
        """t = a * 12: That is {=} {food} in all.
        g = t - b: The good ones are {=} {food}.
        e = g / c: On each plate there are {=} {food}.""",
        a=(4, 30), b=(3, 60), c=(3, 15),
    ),
    pattern(
        "half_given",
        "{A} [has|owns] {a} {thing}. {He} gives half of them to {B}. Then {he} buys {b} packs of {c} {thing}. How many "
        "{thing} does {A} [have in the end|own now]?",
        """k = a / 2: {A} keeps {=} {thing}.
        n = b * c: The packs hold {=} {thing}.
        t = k + n: In the end {he} has {=} {thing}.""",
        a=(24, 240), b=(3, 12), c=(5, 25),
    ),
    pattern(
        "rows_of_seats",
        "A hall in the {place} has {a} rows of {b} seats on the left and {c} rows of {d} seats on the right. {e} seats are "
        "[broken|closed]. How many seats can be used?",
        """l = a * b: On the left there are {=} seats.
        r = c * d: On the right there are {=} seats.
        t = l + r: In all there are {=} seats.
        u = t - e: {=} seats can be used.""",
        a=(6, 24), b=(5, 19), c=(5, 22), d=(4, 18), e=(3, 60),
    ),
    pattern(
        "garden_beds",
        "{A} plants {a} beds with {b} [tulips|roses|bushes] each and {c} beds with {d} each. In the first month {e} plants "
        "die, and {he} [replaces|plants again] {f}. How many plants are [alive|growing] then?",
        """x = a * b: The first beds get {=} plants.
        y = c * d: The other beds get {=} plants.
        t = x + y: {He} plants {=} in all.
        l = t - e: After the month {=} are alive.
        n = l + f: With the new ones {=} are growing.""",
        a=(4, 16), b=(8, 30), c=(3, 14), d=(9, 32), e=(15, 90), f=(6, 50),
    ),
    pattern(
        "classes_on_buses",
        "{a} classes of {b} students and {c} teachers go to the {place}. Each bus [takes|carries] {d} people. "
        "How many buses [do they need|are needed]?",
        """s = a * b: There are {=} students.
        p = s + c: With the teachers there are {=} people.
        n = p / d: They need {=} buses.""",
        a=(4, 18), b=(15, 32), c=(4, 40), d=(12, 48),
    ),
    pattern(
        "album_pages",
        "{A}'s album has {a} pages, and each page has room for {b} {thing}. {He} has filled {c} pages, and {d} {thing} "
        "[lie|are] on one more page. How many more {thing} [fit in|can go into] the album?",
        """r = a * b: The album has room for {=} {thing}.
        f = c * b: The full pages hold {=} {thing}.
        h = f + d: {He} has put in {=} {thing}.
        m = r - h: There is room for {=} more {thing}.""",
        a=(16, 40), b=(6, 18), c=(3, 14), d=(2, 5),
    ),
    pattern(
        "harvest_baskets",
        "On a farm {a} workers pick {b} baskets each. Every basket holds {c} {food}. {d} {food} [are eaten by birds|go bad], "
        "and the others are sold in bags of {e}. How many bags are sold?",
        """k = a * b: They pick {=} baskets.
        t = k * c: The baskets hold {=} {food}.
        g = t - d: {=} {food} can be sold.
        n = g / e: They sell {=} bags.""",
        a=(3, 9), b=(3, 12), c=(10, 30), d=(8, 99), e=(4, 12),
    ),
    pattern(
        "toys_in_drawers",
        "There are {a} [red|wooden] blocks and {b} [blue|plastic] blocks in a box. The children take out {c} and put the rest into "
        "{d} drawers equally. Later {e} blocks are added to every drawer. How many blocks are in a drawer now?",
        """t = a + b: The box holds {=} blocks.
        l = t - c: {=} blocks are left.
        e1 = l / d: Each drawer gets {=} blocks.
        n = e1 + e: Now each drawer holds {=} blocks.""",
        a=(60, 320), b=(45, 280), c=(12, 90), d=(4, 14), e=(3, 19),
    ),
    pattern(
        "chairs_and_tables",
        "For a feast the {place} sets up {a} tables with {b} chairs each. {c} guests come and {d} of them bring one child who "
        "also needs a chair. How many chairs [stay empty|are left over]?",
        """k = a * b: There are {=} chairs.
        p = c + d: {=} chairs are needed.
        l = k - p: {=} chairs stay empty.""",
        a=(18, 40), b=(6, 12), c=(40, 95), d=(6, 12), held_out=True,
    ),
    pattern(
        "eggs_per_week",
        "{A}'s hens lay {a} eggs [a|every] day. {He} uses {b} eggs a day [for breakfast|to bake] and packs the rest of a week's eggs "
        "into cartons of {c}. How many cartons does {he} fill in a week?",
        """l = a - b: {=} eggs a day are left.
        w = l * 7: In a week that is {=} eggs.
        n = w / c: {He} fills {=} cartons.""",
        a=(18, 90), b=(3, 15), c=(3, 14),
    ),
    pattern(
        "puzzle_pieces",
        "A puzzle has {a} pieces. {A} [places|puts in] {b} pieces an hour and {B} {c} pieces an hour. They work together for "
        "{d} hours. How many pieces [are still missing|remain]?",
        """s = b + c: Together they place {=} pieces an hour.
        p = s * d: They place {=} pieces.
        m = a - p: {=} pieces remain.""",
        a=(500, 1500), b=(24, 68), c=(19, 57), d=(3, 6),
    ),
)  # fmt: skip
