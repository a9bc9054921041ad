"""The tree search against models whose every rollout is known."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.answers import Verdict
from evals.omegaprm import Search, Settings, Wanted, exploration, policy, steps_of, value
from evals.trees import Rollout, Tree

SMALL = Settings(k=4, root_k=4, searches=100, rollouts=1000)
RIGHT, WRONG, UNKNOWN = Verdict.correct, Verdict.wrong, Verdict.unknown
World = Callable[[str, int], Rollout]


def said(text: str, verdict: Verdict, tokens: int | None = None) -> Rollout:
    return Rollout(text, len(text.split()) if tokens is None else tokens, verdict)


def doomed(seed: int, steps: int = 6) -> World:
    """Solutions of lines, right until the first `bad` one; a prefix without one always succeeds at index 0."""

    def world(prefix: str, index: int) -> Rollout:
        draw = random.Random(f"{seed}/{prefix}/{index}")
        lines = prefix.splitlines()
        written = []
        while len(lines) + len(written) < steps:
            fails = index > 0 and draw.random() < 0.3
            written.append(f"bad {draw.randrange(3)}\n" if fails else f"good {draw.randrange(2)}\n")
        text = "".join(written)
        return said(text, WRONG if "bad" in prefix + text else RIGHT)

    return world


def grown(world: World, settings: Settings = SMALL, start: tuple[str, ...] = (), spend: int | None = None):
    """The finished tree, and what was asked for on the way; `spend` rollouts at the most."""
    search, asked = Search(start, "newline", settings), []
    while wanted := search.wanted:
        if spend is not None and sum(each.count for each in asked) + wanted.count > spend:
            search.answer(None)
            continue
        asked.append(wanted)
        search.answer([world(wanted.text, index) for index in range(wanted.count)])
    return search.tree, asked


def scripted(rollouts: dict[str, list[Rollout]]) -> World:
    return lambda prefix, index: rollouts[prefix][index]


class TestFormulas:
    def test_q_by_hand(self):
        assert value(1.0, 0, Settings()) == 1.0
        assert value(0.5, 500, Settings()) == pytest.approx(0.9 / 2**0.5)  # .5^.5 * .9^1
        assert value(0.125, 1000, Settings()) == pytest.approx(0.5**0.875 * 0.81)

    def test_u_by_hand(self):
        assert exploration(0, 0, Settings()) == 0
        assert exploration(4, 1, Settings()) == 0.125  # .125 * 2 / 2
        assert exploration(9, 0, Settings()) == 0.375

    def test_the_papers_values_are_the_defaults(self):
        paper = Settings()
        assert (paper.k, paper.root_k, paper.searches) == (8, 32, 100)
        assert (paper.alpha, paper.beta, paper.length, paper.c_puct) == (0.5, 0.9, 500, 0.125)


class TestSelection:
    def test_the_shorter_wrong_rollout_comes_first(self):
        root = [said("x\ny\n", WRONG, 400), said("u\nv\n", WRONG, 300), said("g\n", RIGHT), said("g\n", RIGHT)]
        world = scripted({"": root, "u\n": [said("v\n", WRONG)] * 4, "x\n": [said("v\n", WRONG)] * 4})
        _, asked = grown(world)
        assert [wanted.text for wanted in asked] == ["", "u\n", "x\n"]

    def test_a_prefix_that_mostly_succeeds_is_searched_before_one_that_mostly_fails(self):
        """After the first search N = 1. Of the root (MC .25, N = 1) is left a rollout of 10 tokens with
        Q + U = .5^.75 * .9^(10/500) + .125/2 = .656; of `a` (MC .75, N = 0) one of 300 tokens with
        .5^.25 * .9^(300/500) + .125 = .914."""
        root = [said("a\nb\n", WRONG, 1), said("c\nd\n", WRONG, 10), said("c\ne\n", WRONG, 10), said("g\n", RIGHT)]
        good_a = [said("p\nq\n", WRONG, 300), *[said("r\n", RIGHT)] * 3]
        world = scripted({"": root, "a\n": good_a, "a\np\n": [said("q\n", WRONG)] * 4, "c\n": [said("d\n", WRONG)] * 4})
        _, asked = grown(world)
        assert [wanted.text for wanted in asked] == ["", "a\n", "a\np\n", "c\n"]

    def test_exploration_turns_to_prefixes_that_were_searched_less(self):
        """With c_puct 10 the second search leaves the root, whose rollouts have the larger Q."""
        root = [said("a\nb\n", WRONG, 1), said("c\nd\n", WRONG, 1), said("g\n", RIGHT), said("g\n", RIGHT)]
        good_a = [said("p\nq\n", WRONG, 3000), *[said("r\n", RIGHT)] * 2, said("b\n", WRONG, 3000)]
        known = {"": root, "a\n": good_a, "a\np\n": [said("q\n", WRONG)] * 4, "c\n": [said("d\n", WRONG)] * 4}
        _, usual = grown(scripted(known))
        _, curious = grown(scripted(known), replace(SMALL, c_puct=10.0))
        assert [wanted.text for wanted in usual] == ["", "a\n", "c\n", "a\np\n"]
        assert [wanted.text for wanted in curious] == ["", "a\n", "a\np\n", "c\n"]

    def test_visits_count_searches_of_a_prefix(self):
        tree, _ = grown(doomed(3))
        searched = sum(node.verdict is WRONG for node in tree.nodes)
        assert sum(node.visits for node in tree.nodes) == searched > 1

    @given(st.integers(0, 500))
    def test_a_rollout_is_selected_once(self, seed):
        tree, _ = grown(doomed(seed))
        ends = [node.text for node in tree.nodes if node.verdict is WRONG]
        assert len(ends) == len(set(ends))

    def test_right_rollouts_are_never_searched(self):
        tree, _ = grown(doomed(1))
        assert all(node.first_error is None for node in tree.nodes if node.verdict is RIGHT)


class TestBinarySearch:
    @given(st.integers(0, 500))
    def test_it_finds_every_first_error_where_the_rollouts_tell_the_truth(self, seed):
        tree, _ = grown(doomed(seed))
        for node in tree.nodes:
            if node.verdict is WRONG:
                assert node.first_error == next(i for i, step in enumerate(node.path) if "bad" in step)

    def test_it_probes_logarithmically_many_prefixes(self):
        lines = [f"good {i}\n" for i in range(40)] + [f"bad {i}\n" for i in range(24)]
        root = [said("".join(lines), WRONG), said("g\n", RIGHT), said("g\n", RIGHT), said("g\n", RIGHT)]

        def world(prefix: str, index: int) -> Rollout:
            return root[index] if not prefix else said("z\n", WRONG if "bad" in prefix else RIGHT)

        tree, asked = grown(world)
        assert len(asked) - 1 == 6  # log2(64)
        assert [node.first_error for node in tree.nodes if node.verdict is WRONG] == [40]

    def test_a_solution_of_one_step_costs_nothing(self):
        root = [said("bad\n", WRONG), *[said("good\n", RIGHT)] * 3]
        tree, asked = grown(scripted({"": root}))
        assert [wanted.text for wanted in asked] == [""]
        assert [(node.text, node.first_error) for node in tree.nodes if node.verdict is WRONG] == [("bad\n", 0)]

    def test_a_prefix_that_is_neither_good_nor_bad_ends_the_search_without_a_first_error(self):
        root = [said("a\nb\n", WRONG), *[said("good\n", RIGHT)] * 3]
        tree, _ = grown(scripted({"": root, "a\n": [said("b\n", WRONG)] * 3 + [said("…", UNKNOWN)]}))
        [end] = [node for node in tree.nodes if node.verdict is WRONG]
        assert end.first_error is None
        assert tree.stop_rule == "exhausted"

    def test_a_prefix_that_the_engine_refuses_ends_the_search_without_a_first_error(self):
        search = Search((), "newline", SMALL)
        search.answer([said("a\nb\n", WRONG), *[said("good\n", RIGHT)] * 3])
        search.answer(())
        assert search.tree is not None
        assert [node.first_error for node in search.tree.nodes if node.verdict is WRONG] == [None]

    def test_a_rollout_without_any_text_is_no_branch(self):
        root = [said("", WRONG), said("a\nb\n", WRONG), said("", RIGHT), said("g\n", RIGHT)]
        tree, asked = grown(scripted({"": root, "a\n": [said("c\n", WRONG)] * 4}))
        assert [wanted.text for wanted in asked] == ["", "a\n"]
        assert tree.nodes[0].label.failures == 2
        assert sorted(node.text for node in tree.nodes if node.verdict) == ["a\nb\n", "g\n"]


class TestLimits:
    @given(st.integers(0, 300), st.integers(4, 60), st.integers(0, 6))
    def test_neither_is_ever_passed(self, seed, rollouts, searches):
        tree, asked = grown(doomed(seed), replace(SMALL, rollouts=rollouts, searches=searches))
        spent = sum(wanted.count for wanted in asked)
        assert spent <= rollouts
        assert spent == sum(len(node.rollouts) for node in tree.nodes)
        assert sum(node.visits for node in tree.nodes) <= searches
        assert tree.stop_rule in {"exhausted", "searches", "rollouts", "all_right"}

    def test_a_limit_says_that_it_was_reached(self):
        assert grown(doomed(3), replace(SMALL, searches=1))[0].stop_rule == "searches"
        assert grown(doomed(3), replace(SMALL, rollouts=9))[0].stop_rule == "rollouts"
        assert grown(doomed(3))[0].stop_rule == "exhausted"

    def test_a_limit_below_the_root_is_refused(self):
        with pytest.raises(ValueError, match="root_k=32"):
            Settings(rollouts=31)

    def test_a_run_without_money_keeps_what_there_is(self):
        tree, asked = grown(doomed(3), spend=9)
        assert tree.stop_rule == "budget"
        assert sum(len(node.rollouts) for node in tree.nodes) == sum(wanted.count for wanted in asked) == 8
        assert grown(doomed(3), spend=0)[0].stop_rule == "budget"


class TestLeftOut:
    @pytest.mark.parametrize(
        ("verdicts", "stop_rule"),
        [
            ([RIGHT] * 4, "all_right"),
            ([WRONG] * 4, "none_right"),
            ([UNKNOWN] * 4, "undecided"),
            ([WRONG, UNKNOWN, WRONG, WRONG], "undecided"),
            ([RIGHT, UNKNOWN, RIGHT, RIGHT], "undecided"),
        ],
    )
    def test_a_question_without_right_and_wrong_answers_is_its_root_alone(self, verdicts, stop_rule):
        tree, asked = grown(scripted({"": [said("a\nb\n", verdict) for verdict in verdicts]}))
        assert (tree.stop_rule, len(tree.nodes), len(asked)) == (stop_rule, 1, 1)
        assert len(tree.nodes[0].rollouts) == 4

    def test_an_unknown_rollout_beside_right_and_wrong_ones_is_not_searched(self):
        root = [said("a\n", WRONG), said("b\n", RIGHT), said("c\nd\n", UNKNOWN), said("b\n", RIGHT)]
        tree, asked = grown(scripted({"": root}))
        assert len(asked) == 1
        assert "c\nd\n" not in {node.text for node in tree.nodes}


class TestOrder:
    @given(st.integers(0, 200), st.randoms())
    def test_kept_rollouts_in_any_order_give_the_same_tree(self, seed, shuffle):
        """What a killed run kept answers first; the rest is asked for as if nothing had happened."""
        world = doomed(seed)
        tree, asked = grown(world)
        kept = {wanted.text: [world(wanted.text, i) for i in range(wanted.count)] for wanted in asked}
        some = list(kept.items())
        shuffle.shuffle(some)
        known = dict(some[: len(some) // 2])
        again = []
        while isinstance(wanted := policy(known, (), "newline", SMALL), Wanted):
            again.append(wanted.text)
            known[wanted.text] = kept[wanted.text]
        assert wanted == tree
        assert len(again) == len(some) - len(some) // 2
        assert set(again).isdisjoint(dict(some[: len(some) // 2]))

    def test_more_than_was_wanted_changes_nothing(self):
        world = doomed(5)
        tree, asked = grown(world)
        kept = {wanted.text: [world(wanted.text, i) for i in range(wanted.count + 3)] for wanted in asked}
        assert policy(kept, (), "newline", SMALL) == tree

    def test_fewer_than_were_wanted_are_refused(self):
        with pytest.raises(ValueError, match="1 rollouts where 4 were wanted"):
            Search((), "newline", SMALL).answer([said("a", RIGHT)])


class TestStarts:
    def test_a_human_beginning_is_the_root(self):
        start = ("good h\n", "good i\n")
        tree, asked = grown(doomed(2), start=start)
        assert isinstance(tree, Tree)
        assert asked[0].path == start
        assert all(node.path[:2] == start for node in tree.nodes)
        assert tree.edge(0) == start

    def test_steps_of_a_continuation_are_cut_where_the_whole_text_has_steps(self):
        written = ("Step 1: a\n",)
        assert steps_of("Step 2: b\nStep 3: c\n#### 3", written, "step") == ("Step 2: b\n", "Step 3: c\n#### 3")
        assert steps_of("#### 3", written, "step") == ("#### 3",)
        assert steps_of("", written, "step") == ()

    @given(st.lists(st.sampled_from(["a\n", "\n", " ", "Step 1: x\n", "#### 3\n", "b"]), max_size=6), st.integers(0, 6))
    def test_steps_joined_are_the_continuation(self, pieces, cut):
        path, text = pieces[:cut], "".join(pieces[cut:])
        for splitter in ("newline", "step", "blank_line", "auto"):
            assert "".join(steps_of(text, path, splitter)) == text
