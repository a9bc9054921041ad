"""Patterns about buying, selling, saving and paying, in whole dollars."""

from evals.patterns.pattern import pattern

TRADE = (
    pattern(
        "two_goods_change",
        "{A} buys {a} [shirts|caps] at ${b} each and {c} [scarves|belts] at ${d} each. {He} pays with ${e}. How much change "
        "does {he} get[| back]?",
        """x = a * b: The first goods cost {=} dollars.
        y = c * d: The other goods cost {=} dollars.
        t = x + y: In total {he} pays {=} dollars.
        r = e - t: {He} gets back {=} dollars.""",
        a=(2, 12), b=(8, 39), c=(2, 12), d=(5, 29), e=(300, 900),
    ),
    pattern(
        "wage_minus_rent",
        "{A} earns ${a} an hour and works {b} hours a week. {He} [pays|spends] ${c} a week on rent and ${d} on food. How much "
        "[is left|does {he} have left] each week?",
        """w = a * b: {A} earns {=} dollars a week.
        m = w - c: After the rent {=} dollars are left.
        r = m - d: After the food {=} dollars are left.""",
        a=(13, 38), b=(18, 45), c=(95, 230), d=(38, 110),
    ),
    pattern(
        "savings_goal",
        "{A} wants a [bike|guitar|camera] for ${a}. {He} already has ${b} and saves ${c} [a|every] week. After how many weeks can "
        "{he} buy it if {B} gives {his} fund another ${d}?",
        """h = b + d: {A} has {=} dollars.
        m = a - h: {=} dollars are missing.
        w = m / c: It takes {=} weeks.""",
        a=(240, 960), b=(25, 140), c=(6, 24), d=(15, 90),
    ),
    pattern(
        "stall_profit",
        "At the market {A} sells {a} jars of honey for ${b} each. The stall costs ${c} a day and each jar [costs|cost] {him} ${d} "
        "to make. What is {his} profit[| for the day]?",
        """s = a * b: The sales bring {=} dollars.
        k = a * d: Making the jars costs {=} dollars.
        g = s - k: Without the stall that leaves {=} dollars.
        p = g - c: The profit is {=} dollars.""",
        a=(24, 85), b=(9, 19), c=(15, 90), d=(2, 6),
    ),
    pattern(
        "tickets_family",
        "Tickets for the {place} cost ${a} for an adult and ${b} for a child. A group of {c} adults and {d} children "
        "[visits it|goes there] with a voucher of ${e}. How much does the group pay?",
        """x = a * c: The adults cost {=} dollars.
        y = b * d: The children cost {=} dollars.
        t = x + y: That makes {=} dollars.
        p = t - e: With the voucher they pay {=} dollars.""",
        a=(11, 28), b=(4, 10), c=(4, 19), d=(6, 29), e=(15, 70),
    ),
    pattern(
        "discount_percent",
        "A [coat|lamp|chair] costs ${a}. In the sale it is {p} percent cheaper. {A} buys {b} of them. How much does {he} pay "
        "[in all|in total]?",
        """z = a * p: Multiplied by the percentage that is {=}.
        d = z / 100: The discount is {=} dollars.
        n = a - d: One costs {=} dollars.
        t = n * b: In all {he} pays {=} dollars.""",
        a=(40, 260), p=(5, 60), b=(3, 12),
    ),
    pattern(
        "split_bill",
        "{a} friends [eat out|have dinner]. The meals cost ${b}, the drinks ${c}, and they leave a tip of ${d}. They "
        "[split the bill|share the costs] equally. How much does each one pay?",
        """s = b + c: Meals and drinks cost {=} dollars.
        t = s + d: With the tip that is {=} dollars.
        e = t / a: Each one pays {=} dollars.""",
        a=(3, 14), b=(70, 310), c=(25, 120), d=(12, 60),
    ),
    pattern(
        "monthly_and_fee",
        "A gym [asks|charges] ${a} a month and a joining fee of ${b}. {A} stays for {c} months and also pays ${d} for each of {e} "
        "lessons. How much does {he} spend[| in all]?",
        """m = a * c: The months cost {=} dollars.
        l = d * e: The lessons cost {=} dollars.
        f = m + b: With the fee the months come to {=} dollars.
        t = f + l: In all {he} spends {=} dollars.""",
        a=(18, 65), b=(20, 95), c=(4, 18), d=(7, 25), e=(3, 16),
    ),
    pattern(
        "sold_part_price_drop",
        "A shop has {a} [radios|clocks]. It sells {b} of them at ${c} each and the rest at ${d} each. How much money does the shop "
        "[take in|make]?",
        """r = a - b: The rest are {=}.
        x = b * c: The first ones bring {=} dollars.
        y = r * d: The rest bring {=} dollars.
        t = x + y: The shop takes in {=} dollars.""",
        a=(30, 75), b=(8, 26), c=(22, 48), d=(9, 20),
    ),
    pattern(
        "allowance_half_spent",
        "{A} gets ${a} a week for {b} weeks. {He} spends half of the money on [books|games] and then ${c} on "
        "[shoes|a gift]. How much is left?",
        """t = a * b: {A} gets {=} dollars.
        h = t / 2: The first half is {=} dollars.
        l = h - c: {=} dollars are left.""",
        a=(14, 48), b=(6, 18), c=(11, 40),
    ),
    pattern(
        "rental_days",
        "[Renting|To rent] a [car|boat] costs ${a} a day and ${b} [per|for each] mile. {A} rents it for {c} days and drives {d} miles. "
        "{He} has a coupon for ${e}. What does {he} pay?",
        """x = a * c: The days cost {=} dollars.
        y = b * d: The miles cost {=} dollars.
        t = x + y: Together that is {=} dollars.
        p = t - e: With the coupon {he} pays {=} dollars.""",
        a=(24, 75), b=(2, 5), c=(3, 14), d=(35, 220), e=(15, 70),
    ),
    pattern(
        "fundraiser_classes",
        "For a fund-raiser, class one [brings in|raises] ${a}. Class two raises twice as much and class three ${b} less than class two. "
        "The money is [shared|split] equally between {c} charities. How much does each charity get?",
        """s = a * 2: Class two raises {=} dollars.
        u = s - b: Class three raises {=} dollars.
        v = a + s: The first two raise {=} dollars.
        t = v + u: All three raise {=} dollars.
        e = t / c: Each charity gets {=} dollars.""",
        a=(60, 260), b=(12, 55), c=(3, 12),
    ),
    pattern(
        "painting_costs",
        "{A} paints {a} rooms. Each room needs {b} cans of paint at ${c} a can, and the brushes cost ${d} [altogether|in all]. {He} is paid "
        "${e}. How much does {he} earn after the costs?",
        """k = a * b: {He} needs {=} cans.
        m = k * c: The paint costs {=} dollars.
        s = m + d: All costs are {=} dollars.
        r = e - s: {He} earns {=} dollars.""",
        a=(3, 9), b=(2, 6), c=(11, 28), d=(14, 70), e=(900, 1900),
    ),
    pattern(
        "loan_back",
        "{A} lends {B} ${a}. {B} pays back ${b} a month for {c} months and then ${d} [at once|in one go]. How much does {B} still owe?",
        """x = b * c: In the months {B} pays {=} dollars.
        y = x + d: In all {B} pays {=} dollars.
        r = a - y: {B} still owes {=} dollars.""",
        a=(700, 1900), b=(18, 60), c=(4, 10), d=(25, 90), held_out=True,
    ),
    pattern(
        "bulk_against_single",
        "A single [notebook|mug] costs ${a}, but a pack of {b} costs ${c}. {A} needs {d} packs' worth. How much [money|] does {he} save by "
        "[buying|taking] packs?",
        """s = a * b: Bought singly a pack's worth costs {=} dollars.
        g = s - c: Each pack saves {=} dollars.
        t = g * d: In all {he} saves {=} dollars.""",
        a=(7, 19), b=(6, 15), c=(22, 40), d=(3, 19),
    ),
    pattern(
        "lemonade_cups",
        "{A} makes {a} jugs of lemonade. From each jug {he} pours {b} cups. {He} drinks {c} cups and sells the others for ${d} a "
        "cup. The lemons cost ${e}. How much does {he} earn?",
        """t = a * b: There are {=} cups.
        s = t - c: {He} sells {=} cups.
        m = s * d: The cups bring {=} dollars.
        r = m - e: {He} earns {=} dollars.""",
        a=(4, 15), b=(6, 14), c=(2, 9), d=(2, 6), e=(10, 40),
    ),
)  # fmt: skip
