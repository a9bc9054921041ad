"""The recipe stage: where every trace goes, what is found in storage, and that trainers read the sets."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.filters.screen import Filters
from storage.store import Store
from tasks.engines.engine import Resources, Sampling
from tasks.engines.fake_engine import FakeEngine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.params import ProblemsParams, TracesParams, TreesParams
from tasks.recipe.params import Recipe, RecipeParams, ReplayParams
from tasks.recipe.stage import elsewhere, inputs_of, run
from tasks.trees.stage import grow
from tests.tasks.jobs import FAKE, PARTITION, at, commit, problem_rows, quiet, trace_row, trees_job
from tests.tasks.walker import walk

ALL: tuple[Recipe, ...] = ("rejection", "shortest", "chained", "search", "self_output", "preferences", "rlvr")
MODEL = Path(__file__).parents[3] / "models" / "tiny_reasoner_early"
PROBLEMS = problem_rows(4)
WALKED = [PROBLEMS[0] | {"answer": "8", "graph": "", "solution": "Step 1: given\nStep 2: so\n#### 8"}]
TRACES = [
    trace_row(PROBLEMS[0], ["Step 1: 2 + 3 = 5\n", "#### 5"], "correct", 0) | {"extracted": "5", "tokens": 8},
    trace_row(PROBLEMS[0], ["Step 1: so 3 + 2 = 5\n", "#### 5"], "correct", 1) | {"extracted": "5", "tokens": 12},
    trace_row(PROBLEMS[0], ["Step 1: 2 + 3 = 6\n", "#### 6"], "wrong", 2) | {"extracted": "6"},
    trace_row(PROBLEMS[0], ["Step 1: 2 + 3 ="], "unknown", 3) | {"finish_reason": "length"},
    trace_row(PROBLEMS[1], ["Step 1: 4 + 4 = 8\n", "#### 8"], "correct", 0) | {"extracted": "8"},
    trace_row(PROBLEMS[1], ["Step 1: 4 + 4 = 8\n", "#### 8"], "correct", 1) | {"extracted": "8"},
    trace_row(PROBLEMS[2], ["Step 1: 9 - 4 = 6\n", "#### 6"], "wrong", 0) | {"extracted": "6"},
]


def label_row(trace: dict[str, Any], step: int, hard: int | None) -> dict[str, Any]:
    return {
        "label_id": f"{trace['trace_id']}-{step}",
        "trace_id": trace["trace_id"],
        "problem_id": trace["problem_id"],
        "step": step,
        "steps": len(trace["steps"]),
        "text": trace["steps"][step],
        "kinds": [],
        "prefix_id": "x",
        "successes": hard or 0,
        "failures": int(hard == 0),
        "unknowns": 0,
        "stop_rule": "fixed",
        "hard": hard,
        "soft": None,
        "truth": None,
        "trace_verdict": trace["verdict"],
        "model": "fake",
        "completer": "fake",
    }


def job(root: Path, params: RecipeParams) -> Job[RecipeParams]:
    """The stage on what is committed; without an engine, without a ledger."""
    names = ("problems", "traces", *params.also_reads())
    inputs = {name: at(root, name) for name in names} | elsewhere(params, Store(root), PARTITION)
    return Job(params, Resources(), PARTITION, inputs, {}, quiet)


@pytest.fixture
def recipe(tmp_path: Path) -> Callable[..., Outcome]:
    """Runs the stage on rows that were committed."""
    commit(at(tmp_path, "problems"), PROBLEMS, ProblemsParams(split="train"))

    def on(traces: list[dict[str, Any]] = TRACES, labels: list[dict[str, Any]] | None = None, **params: Any) -> Outcome:
        commit(at(tmp_path, "traces"), traces, TracesParams())
        if labels is not None:
            commit(at(tmp_path, "labels"), labels, TracesParams())
        return run(job(tmp_path, RecipeParams.model_validate(params)))

    return on


def rows(outcome: Outcome, dataset: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = outcome.tables[dataset].to_pylist()
    return found


def reasons(outcome: Outcome, kind: str = "trace") -> dict[str, list[str]]:
    return {row["item_id"]: row["reasons"] for row in rows(outcome, "screened") if row["kind"] == kind}


def check_every_trace_is_in_one_place(outcome: Outcome, traces: list[dict[str, Any]]) -> None:
    screened = [row for row in rows(outcome, "screened") if row["kind"] == "trace"]
    dead = [letter.id for letter in outcome.dead]
    assert Counter([*(row["item_id"] for row in screened), *dead]) == Counter(trace["trace_id"] for trace in traces)
    used = {each for row in rows(outcome, "sft") for each in row["trace_ids"]}
    used |= {row[side] for row in rows(outcome, "preferences") for side in ("chosen_id", "rejected_id")}
    for row in screened:
        assert row["kept"] == (row["item_id"] in used)
        assert row["kept"] == bool(row["uses"]) == (not row["reasons"])


class TestWhereTracesGo:
    def test_rows_hold_what_was_kept_and_screened_tells_of_the_rest(self, recipe: Callable[..., Outcome]) -> None:
        outcome = recipe(recipes=["rejection"])
        assert sorted(row["completion"] for row in rows(outcome, "sft")) == [
            "Step 1: 2 + 3 = 5\n#### 5",
            "Step 1: 4 + 4 = 8\n#### 8",
            "Step 1: so 3 + 2 = 5\n#### 5",
        ]
        told = reasons(outcome)
        assert [told[trace["trace_id"]] for trace in TRACES] == [
            [],
            [],
            ["rejection: answer_wrong"],
            ["unfinished"],
            [],
            ["duplicate"],
            ["rejection: answer_wrong"],
        ]
        assert outcome.summary["not_kept"] == {
            "trace duplicate": 1,
            "trace rejection: answer_wrong": 2,
            "trace unfinished": 1,
        }

    def test_a_duplicate_names_the_trace_that_it_repeats(self, recipe: Callable[..., Outcome]) -> None:
        [row] = [row for row in rows(recipe(), "screened") if row["duplicate_of"]]
        assert (row["item_id"], row["duplicate_of"]) == (TRACES[5]["trace_id"], TRACES[4]["trace_id"])

    def test_a_right_trace_does_not_go_because_a_wrong_one_looks_like_it(self, recipe: Callable[..., Outcome]) -> None:
        text = " ".join(f"word{i}" for i in range(60))
        alike = [
            trace_row(PROBLEMS[0], [f"{text} {answer}"], verdict, sample) | {"extracted": answer}
            for sample, (answer, verdict) in enumerate([("6", "wrong"), ("5", "correct")])
        ]
        assert len(rows(recipe(alike, recipes=["rejection"]), "sft")) == 1

    @pytest.mark.parametrize("recipes", [*([name] for name in ALL), list(ALL)])
    def test_every_trace_is_in_one_place_with_every_recipe(
        self, recipe: Callable[..., Outcome], recipes: list[str]
    ) -> None:
        labels = [label_row(trace, step, 1) for trace in TRACES[:2] for step in range(2)]
        stray = [*TRACES, TRACES[0] | {"trace_id": "stray", "problem_id": "nowhere"}]
        outcome = recipe(stray, labels, recipes=recipes, filters={"max_length": 90})
        check_every_trace_is_in_one_place(outcome, stray)
        assert [(letter.id, letter.stage, letter.kind) for letter in outcome.dead] == [
            ("stray", "recipe", "no_problem")
        ]

    @settings(max_examples=15)
    @given(st.data())
    def test_every_trace_is_in_one_place_whatever_the_filters(self, data: st.DataObject) -> None:
        texts = st.sampled_from(["a b c\n#### 5", "a b c\n#### 6", "x\n" * 4, "五 三", "long " * 30, ""])
        verdicts = st.sampled_from(["correct", "wrong", "unknown"])
        made = data.draw(st.lists(st.tuples(st.integers(0, 2), texts, verdicts), max_size=10))
        traces = [
            trace_row(PROBLEMS[problem], [text], verdict, sample) | {"extracted": text or None}
            for sample, (problem, text, verdict) in enumerate(made)
        ]
        filters = data.draw(
            st.builds(
                Filters,
                finished=st.booleans(),
                max_foreign=st.sampled_from([None, 0.0]),
                duplicates=st.sampled_from([None, 0.8]),
            )
        )
        recipes = data.draw(st.lists(st.sampled_from([name for name in ALL if name != "search"]), unique=True))
        params = RecipeParams(
            recipes=tuple(recipes), filters=filters, per_problem=data.draw(st.sampled_from([None, 1]))
        )
        with TemporaryDirectory() as folder:
            commit(at(Path(folder), "problems"), PROBLEMS, ProblemsParams(split="train"))
            commit(at(Path(folder), "traces"), traces, TracesParams())
            outcome = run(job(Path(folder), params))
        check_every_trace_is_in_one_place(outcome, traces)

    def test_the_same_rows_come_again(self, recipe: Callable[..., Outcome]) -> None:
        once, again = recipe(recipes=list(ALL[:3])), recipe(recipes=list(ALL[:3]))
        assert all(once.tables[name].equals(again.tables[name]) for name in once.tables)


class TestLabels:
    def test_right_traces_with_a_bad_step_or_without_labels_are_rejected(self, recipe: Callable[..., Outcome]) -> None:
        labels = [
            *(label_row(TRACES[0], step, 1) for step in range(2)),
            label_row(TRACES[1], 0, 0),
            label_row(TRACES[2], 0, 0),
        ]
        outcome = recipe(labels=labels, recipes=["rejection"], filters={"bad_steps": True})
        told = reasons(outcome)
        assert [told[trace["trace_id"]] for trace in TRACES[:3]] == [[], ["bad_step"], ["rejection: answer_wrong"]]
        assert told[TRACES[4]["trace_id"]] == ["unlabelled"]
        first_bad = {row["item_id"]: row["first_bad_step"] for row in rows(outcome, "screened")}
        assert [first_bad[trace["trace_id"]] for trace in TRACES[:3]] == [None, 0, 0]

    def test_labels_are_asked_for_by_those_who_read_them(self) -> None:
        assert RecipeParams().also_reads() == ()
        assert RecipeParams(recipes=("search",)).also_reads() == ("labels",)
        assert RecipeParams(filters=Filters(bad_steps=True)).also_reads() == ("labels",)

    def test_a_stream_leaves_a_wrong_branch_where_its_label_says(self, recipe: Callable[..., Outcome]) -> None:
        labels = [label_row(TRACES[2], 0, 0), label_row(TRACES[0], 0, 1)]
        [row] = rows(recipe(labels=labels, recipes=["search"]), "sft")
        assert row["completion"].startswith("Step 1: 2 + 3 = 6\nThat does not lead to the answer. Back to the start.\n")


class TestTrees:
    """Streams of search from the rows of the trees stage, which FakeEngine grew."""

    @pytest.fixture
    def grown(self, tmp_path: Path) -> Callable[..., Outcome]:
        """A tree for one problem: the walker's solutions, each four steps, bad ones never come back."""
        commit(at(tmp_path, "problems"), WALKED, ProblemsParams(split="train"))
        first = trace_row(WALKED[0], ["Step 1: good\n", "#### 8\n"], "correct") | {"extracted": "8", "prompt": "Q<1>"}
        commit(at(tmp_path, "traces"), [first], TracesParams(engine=FAKE, chat="off"))
        commit(at(tmp_path, "trees"), grow_trees(tmp_path), TreesParams())

        def on(**params: Any) -> Outcome:
            made = {"recipes": ["search"], "tree_source": "trees", "filters": {"duplicates": None}} | params
            return run(job(tmp_path, RecipeParams.model_validate(made)))

        return on

    def test_a_stream_walks_wrong_branches_first_and_goes_back_to_the_step_that_still_stood(
        self, grown: Callable[..., Outcome]
    ) -> None:
        [row] = rows(grown(), "sft")
        *dead_ends, arrives = row["completion"].split("That does not lead to the answer. Back to ")
        assert len(dead_ends) == 2
        assert all(each.rstrip().splitlines()[-1].endswith("bad") for each in dead_ends), "left at the first bad step"
        assert arrives.endswith("#### 8\n")
        assert "bad" not in arrives
        assert row["prompt"] == "Q<1>", "that of the problem's traces"

    def test_every_step_named_as_the_way_back_is_a_good_one_that_was_walked(
        self, grown: Callable[..., Outcome]
    ) -> None:
        path: list[str] = []
        for line in rows(grown(max_dead_ends=5), "sft")[0]["completion"].splitlines():
            if back := re.fullmatch(r"That does not lead to the answer. Back to (?:step (\d)|the start)\.", line):
                path = path[: int(back[1] or 0)]
                assert not any("bad" in each for each in path)
            else:
                path.append(line)
        assert [each.rpartition(": ")[2] for each in path] == [*["good"] * 4, "#### 8"]

    def test_each_whole_solution_is_kept_or_told_why_not(self, grown: Callable[..., Outcome]) -> None:
        outcome = grown()
        [row] = rows(outcome, "sft")
        solutions = [each for each in rows(outcome, "screened") if each["kind"] == "solution"]
        assert {each["item_id"] for each in solutions if each["kept"]} == set(row["trace_ids"])
        assert {each["reasons"][0] for each in solutions if not each["kept"]} == {"search: not_walked"}
        assert {each["verdict"] for each in solutions} == {"correct", "wrong"}
        assert outcome.summary["solutions"] == len(solutions)
        assert outcome.summary["solutions_kept"] == len(row["trace_ids"]) < len(solutions)
        assert reasons(outcome) == {f"{WALKED[0]['problem_id'][:8]}-0": ["not_asked_for"]}

    def test_a_human_beginning_is_part_of_each_solution(self, grown: Callable[..., Outcome], tmp_path: Path) -> None:
        trees = grow_trees(tmp_path, start_steps=1)
        commit(at(tmp_path, "trees"), trees, TreesParams())
        assert rows(grown(), "sft")[0]["completion"].startswith("Step 1: given\n")

    def test_filters_apply_to_solutions(self, grown: Callable[..., Outcome]) -> None:
        outcome = grown(filters={"max_length": 10})
        assert rows(outcome, "sft") == []
        assert {each for told in reasons(outcome, "solution").values() for each in told} == {"over_length"}

    def test_a_tree_whose_problem_is_gone_is_a_dead_letter(self, grown: Callable[..., Outcome], tmp_path: Path) -> None:
        commit(at(tmp_path, "problems"), PROBLEMS[1:2], ProblemsParams(split="train"))
        letters = [(letter.kind, letter.id) for letter in grown().dead if letter.place.startswith("problem ")]
        assert ("no_problem", WALKED[0]["problem_id"]) in letters

    def test_trees_are_read_by_those_who_walk_them(self) -> None:
        walks = RecipeParams(recipes=("search",), tree_source="trees")
        assert walks.also_reads() == ("trees",)
        assert RecipeParams(tree_source="trees").also_reads() == ()
        assert replace_filters(walks, bad_steps=True).also_reads() == ("labels", "trees")


def grow_trees(root: Path, **params: Any) -> list[dict[str, Any]]:
    """Rows of `trees` for the committed problems."""

    async def run_it() -> Outcome:
        asked = TreesParams(engine=FAKE, k=4, root_k=8, searches=6, rollouts=60, **params)
        async with Grader(1, 1.0) as grader:
            return (await grow(trees_job(root, asked), FakeEngine(walk), grader)).in_memory()

    found: list[dict[str, Any]] = asyncio.run(run_it()).tables["trees"].to_pylist()
    return found


def replace_filters(params: RecipeParams, **filters: Any) -> RecipeParams:
    return params.model_copy(update={"filters": Filters(**filters)})


class TestRecords:
    def test_a_record_holds_gold_pass_rate_and_relative_lengths(self, recipe: Callable[..., Outcome]) -> None:
        outcome = recipe(reward={"form": "exact_length", "target": 10, "alpha": 0.1})
        row = next(row for row in rows(outcome, "rlvr") if row["problem_id"] == PROBLEMS[0]["problem_id"])
        assert row["gold"] == PROBLEMS[0]["answer"]
        assert (row["right"], row["wrong"], row["unknown"], row["pass_rate"]) == (2, 1, 1, pytest.approx(2 / 3))
        assert row["mean_right_tokens"] == 10
        assert row["relative_lengths"] == [0.8, 1.2, 0.1, 0.1]
        assert row["rewards"] == [pytest.approx(0.8), pytest.approx(0.8), pytest.approx(-0.9), None]
        assert row["why"] == "pass rate 0.67 over 4 attempts; sometimes"

    def test_problems_without_attempts_or_outside_the_window_say_why(self, recipe: Callable[..., Outcome]) -> None:
        told = reasons(recipe(min_pass_rate=0.1, max_pass_rate=0.9), "problem")
        ids = [problem["problem_id"] for problem in PROBLEMS]
        assert [told[name] for name in ids] == [[], ["rlvr: too_easy"], ["rlvr: too_hard"], ["rlvr: no_attempts"]]

    def test_a_greedy_run_tells_what_is_right_only_when_sampled(
        self, recipe: Callable[..., Outcome], tmp_path: Path
    ) -> None:
        greedy = at(tmp_path, "traces")
        greedy = replace(greedy, partition=PARTITION.model_copy(update={"run": "greedy"}))
        made = [trace_row(PROBLEMS[0], ["#### 6"], "wrong"), trace_row(PROBLEMS[1], ["#### 8"], "correct")]
        commit(greedy, made, TracesParams(sampling=Sampling(temperature=0), samples=1))
        known = {row["problem_id"]: row["knowledge"] for row in rows(recipe(greedy_run="greedy"), "rlvr")}
        assert [known[problem["problem_id"]] for problem in PROBLEMS[:3]] == ["only_sampled", "always", "never"]

    def test_a_greedy_run_that_was_sampled_is_refused(self, recipe: Callable[..., Outcome], tmp_path: Path) -> None:
        other = replace(at(tmp_path, "traces"), partition=PARTITION.model_copy(update={"run": "hot"}))
        commit(other, [], TracesParams())
        with pytest.raises(ValueError, match=r"greedy_run='hot' was sampled at temperature 0.8; 0 is greedy"):
            recipe(greedy_run="hot")


class TestContamination:
    @pytest.fixture
    def evaluation(self, tmp_path: Path) -> Callable[..., str]:
        """Commits problems of another source."""

        def make(question: str, split: str) -> str:
            where = PARTITION.without_model().model_copy(update={"source": f"bench-{split}"})
            row = PROBLEMS[0] | {"problem_id": "e1", "question": question, "split": split}
            commit(
                replace(at(tmp_path, "problems"), partition=where),
                [row],
                ProblemsParams(split=split if split != "dev" else "test"),
            )
            return f"problems/{where}: e1"

        return make

    def test_a_planted_evaluation_question_with_light_edits_is_found(
        self, recipe: Callable[..., Outcome], evaluation: Callable[..., str]
    ) -> None:
        said = PROBLEMS[0]["question"].split()
        assert len(said) > 16
        name = evaluation(" ".join(["Yesterday,", *said[1:]]).upper(), "test")
        outcome = recipe()
        told = reasons(outcome)
        assert [told[trace["trace_id"]][:1] for trace in TRACES[:3]] == [["contaminated"]] * 3
        assert told[TRACES[4]["trace_id"]] == []
        assert reasons(outcome, "problem")[PROBLEMS[0]["problem_id"]] == ["contaminated"]
        [row] = [row for row in rows(outcome, "screened") if row["item_id"] == PROBLEMS[0]["problem_id"]]
        assert row["contaminated_by"] == name
        assert 0 < row["contamination"] < 1
        assert outcome.summary["evaluation_questions"] == 1

    def test_training_problems_are_no_evaluation_questions(
        self, recipe: Callable[..., Outcome], evaluation: Callable[..., str]
    ) -> None:
        evaluation(PROBLEMS[0]["question"], "train")
        evaluation(PROBLEMS[0]["question"], "dev")
        outcome = recipe()
        assert outcome.summary["evaluation_sets"] == {}
        assert reasons(outcome)[TRACES[0]["trace_id"]] == []

    def test_which_splits_are_evaluation_is_a_parameter(
        self, recipe: Callable[..., Outcome], evaluation: Callable[..., str]
    ) -> None:
        evaluation(PROBLEMS[0]["question"], "train")
        outcome = recipe(filters={"evaluation_splits": ["train"]})
        assert reasons(outcome)[TRACES[0]["trace_id"]] == ["contaminated"]

    def test_nothing_is_compared_where_the_filter_is_off(
        self, recipe: Callable[..., Outcome], evaluation: Callable[..., str]
    ) -> None:
        evaluation(PROBLEMS[0]["question"], "test")
        assert reasons(recipe(filters={"contamination": None}))[TRACES[0]["trace_id"]] == []


class TestReplay:
    @pytest.fixture
    def general(self, tmp_path: Path) -> str:
        file = tmp_path / "general.jsonl"
        kept = [{"prompt": f"Name {i} colours.", "completion": f"Here are {i}: red and so on."} for i in range(40)]
        chats = [
            {"messages": [{"role": "user", "content": f"Hi {i}"}, {"role": "assistant", "content": f"Hello {i}."}]}
            for i in range(9)
        ]
        bad = [{"text": "no form"}, {"messages": [{"role": "user", "content": "?"}]}, kept[0]]
        file.write_text("\n".join(json.dumps(row) for row in [*kept, *chats, *bad]) + "\nnot JSON\n")
        return str(file)

    @pytest.mark.parametrize(("share", "expected"), [(0.25, 1), (0.5, 3), (0.8, 12)])
    def test_the_share_is_exact(
        self, recipe: Callable[..., Outcome], general: str, share: float, expected: int
    ) -> None:
        outcome = recipe(recipes=["rejection"], replay={"path": general, "share": share})
        counted = Counter(row["recipe"] for row in rows(outcome, "sft"))
        assert counted == {"rejection": 3, "replay": expected}
        assert outcome.summary["replay"] == {
            "records": 53,
            "passing": 49,
            "wanted": expected,
            "rows": expected,
            "share": share,
        }

    def test_each_record_is_screened_or_a_dead_letter(self, recipe: Callable[..., Outcome], general: str) -> None:
        outcome = recipe(recipes=["rejection"], replay={"path": general, "share": 0.5})
        told = reasons(outcome, "replay")
        assert Counter(each for row in told.values() for each in row) == {"replay: not_drawn": 46, "duplicate": 1}
        assert sum(not row for row in told.values()) == 3
        assert [(letter.kind, letter.place) for letter in outcome.dead] == [
            ("unfit_row", "general.jsonl:50"),
            ("unfit_row", "general.jsonl:51"),
            (outcome.dead[2].kind, "general.jsonl:53"),
        ]

    def test_which_rows_are_drawn_depends_on_the_seed(self, recipe: Callable[..., Outcome], general: str) -> None:
        def drawn(seed: int) -> set[str]:
            outcome = recipe(recipes=["rejection"], replay={"path": general, "share": 0.5}, seed=seed)
            return {row["row_id"] for row in rows(outcome, "sft") if row["recipe"] == "replay"}

        assert drawn(1) == drawn(1)
        assert drawn(1) != drawn(2)

    def test_too_few_rows_are_told(self, recipe: Callable[..., Outcome], general: str) -> None:
        outcome = recipe(recipes=["rejection"], replay={"path": general, "share": 0.99})
        assert outcome.summary["replay"]["wanted"] == 297
        assert outcome.summary["replay"]["rows"] == 49
        assert outcome.summary["replay"]["share"] == pytest.approx(49 / 52)

    def test_a_changed_file_has_another_digest(self, general: str) -> None:
        params = RecipeParams(replay=ReplayParams(path=general, share=0.5))
        before = inputs_of(params)
        Path(general).write_text("{}\n")
        assert before.keys() == inputs_of(params).keys() == {"general.jsonl"}
        assert before != inputs_of(params)


class TestTrainers:
    """TRL itself reads the committed files, and trains a step."""

    @pytest.fixture
    def files(self, recipe: Callable[..., Outcome], tmp_path: Path) -> Callable[[str], datasets.Dataset]:
        outcome = recipe(recipes=["rejection", "preferences", "rlvr"], filters={"max_length": 500})
        self.lengths = {row["item_id"]: row["length"] for row in rows(outcome, "screened")}

        def load(name: str) -> datasets.Dataset:
            location = at(tmp_path / "out", name)
            commit(location, outcome.tables[name], RecipeParams())
            data = datasets.Dataset.from_parquet(location.files(), cache_dir=str(tmp_path / "cache"))
            assert data.to_list() == outcome.tables[name].to_pylist()
            return data

        return load

    def settings(self, tmp_path: Path) -> dict[str, Any]:
        return {
            "output_dir": str(tmp_path / "trained"),
            "max_steps": 1,
            "per_device_train_batch_size": 2,
            "report_to": [],
            "save_strategy": "no",
            "use_cpu": True,
            "bf16": False,
        }

    def test_demonstrations_train_in_both_forms(self, files: Callable[[str], datasets.Dataset], tmp_path: Path) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from trl import SFTConfig, SFTTrainer

        data = files("sft")
        tokenizer = AutoTokenizer.from_pretrained(MODEL)
        model = AutoModelForCausalLM.from_pretrained(MODEL)
        for form in (["prompt", "completion"], ["messages"]):
            trainer = SFTTrainer(
                model=model,
                args=SFTConfig(**self.settings(tmp_path)),
                processing_class=tokenizer,
                train_dataset=data.select_columns(form),
            )
            read = trainer.train_dataset
            if form == ["prompt", "completion"]:
                assert [len(ids) for ids in read["input_ids"]] == [self.lengths[ids[0]] for ids in data["trace_ids"]]
                assert trainer.train().global_step == 1
            for ids, completion in zip(read["input_ids"], data["completion"], strict=True):
                assert completion in tokenizer.decode(ids)

    def test_preference_pairs_train(self, files: Callable[[str], datasets.Dataset], tmp_path: Path) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from trl import DPOConfig, DPOTrainer

        data = files("preferences")
        tokenizer = AutoTokenizer.from_pretrained(MODEL)
        trainer = DPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(MODEL),
            args=DPOConfig(**self.settings(tmp_path)),
            processing_class=tokenizer,
            train_dataset=data,
        )
        [row] = trainer.train_dataset
        spelled = [tokenizer.decode(row[part]) for part in ("prompt_ids", "chosen_ids", "rejected_ids")]
        assert spelled[1].startswith(data[0]["chosen"])
        assert spelled[2].startswith(data[0]["rejected"])
        assert trainer.train().global_step == 1

    def test_records_hold_what_a_verifier_of_trl_asks_for(self, files: Callable[[str], datasets.Dataset]) -> None:
        from trl.data_utils import is_conversational
        from trl.rewards import accuracy_reward

        data = (
            files("rlvr").rename_columns({"prompt": "plain", "messages": "prompt"}).select_columns(["prompt", "gold"])
        )
        assert all(is_conversational(row) for row in data)
        golds = [row["gold"] for row in data]
        right = [[{"role": "assistant", "content": f"So it is \\boxed{{{gold}}}."}] for gold in golds]
        assert accuracy_reward(right, [f"${gold}$" for gold in golds]) == [1.0] * len(golds)


class TestParaphrased:
    """Rows under checked rewordings of the question, out of the variants dataset."""

    def reworded(self, number: int, question: str, kind: str = "paraphrase", problem: int = 0) -> dict[str, Any]:
        return {
            "variant_id": f"v{number}",
            "problem_id": PROBLEMS[problem]["problem_id"],
            "kind": kind,
            "index": number,
            "seed": 0,
            "question": question,
            "answer": "5",
            "solution": "",
            "tier": "text",
            "changes": "{}",
            "certificate": "{}",
            "steps": 0,
            "digits": 0,
            "carries": 0,
            "numbers": [],
        }

    def made(self, tmp_path: Path, recipe: Callable[..., Outcome], **params: Any) -> Outcome:
        variants = [
            self.reworded(0, "Put in quite other words, how many are two and three?"),
            self.reworded(1, "Put in quite other words, how many are two and three ?"),
            self.reworded(2, "How many are there once three come to the two?"),
            self.reworded(3, "Another name.", kind="names"),
            self.reworded(4, "What is left of nine?", problem=2),
        ]
        commit(at(tmp_path, "variants"), variants, TracesParams())
        asked = [trace | {"prompt": f"Question: {q(trace)}\nBe concise.\nAnswer:\n"} for trace in TRACES]
        return recipe(asked, recipes=["paraphrased"], **params)

    def test_a_right_trace_stands_under_each_checked_rewording_of_its_question(self, tmp_path, recipe):
        outcome = self.made(tmp_path, recipe)
        found = rows(outcome, "sft")
        assert [row["variant_id"] for row in found] == ["v0", "v2"]
        for row in found:
            assert row["verdict"] == "correct"
            assert PROBLEMS[0]["question"] not in row["prompt"]
            assert row["prompt"].endswith("\nAnswer:\n")
            assert row["messages"][0]["content"] in row["prompt"]
        check_every_trace_is_in_one_place(outcome, TRACES)

    def test_every_rewording_is_screened_and_those_without_a_row_say_why(self, tmp_path, recipe):
        assert reasons(self.made(tmp_path, recipe), "paraphrase") == {
            "v0": [],
            "v1": ["duplicate"],
            "v2": [],
            "v4": ["paraphrased: no_right_trace"],
        }

    def test_one_that_an_evaluation_set_asks_makes_no_row(self, tmp_path, recipe):
        other = PARTITION.without_model().model_copy(update={"source": "exam"})
        [exam] = problem_rows(1, seed=5)
        asks = exam | {"question": "Put in quite other words, how many are two and three?", "split": "test"}
        commit(Store(tmp_path).at("problems", other), [asks], ProblemsParams())
        outcome = self.made(tmp_path, recipe, filters={"ngram": 8})
        assert reasons(outcome, "paraphrase")["v0"] == ["contaminated"]

    def test_variants_are_read_only_where_they_are_asked_for(self):
        assert RecipeParams(recipes=("paraphrased", "search")).also_reads() == ("variants", "labels")
        assert RecipeParams().also_reads() == ()


def q(trace: dict[str, Any]) -> str:
    return next(each["question"] for each in PROBLEMS if each["problem_id"] == trace["problem_id"])
