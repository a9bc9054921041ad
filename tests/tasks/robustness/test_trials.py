import json
from collections import Counter
from pathlib import Path

import pytest

from tasks.engines.engine import EngineDied, Faults, Request, Resources, Sampling
from tasks.engines.fake_engine import FakeEngine
from tasks.grading import Grader
from tasks.job import Outcome
from tasks.robustness.params import PerturbParams, TrialsParams
from tasks.robustness.perturb import run
from tasks.robustness.trials import answer
from tests.tasks.jobs import FAKE, problem_rows, schema_of
from tests.tasks.robustness.samples import TEMPLATE, commit_problems, commit_variants, perturb_job, trials_job

PARAMS = TrialsParams(engine=FAKE, chat="off")
ONE_AT_A_TIME = Resources(window=1)
PERTURB = PerturbParams(kinds=("identity", "numbers"), variants=3)


class Recording(FakeEngine):
    """Remembers what it was asked, and breaks when it has answered so many."""

    def __init__(self, script="arithmetic", breaks_at: int | None = None, **kwargs) -> None:
        super().__init__(script, **kwargs)
        self.asked: list[Request] = []
        self._breaks_at = breaks_at

    async def generate(self, requests, *, affinity=None):
        if self._breaks_at is not None and len(self.asked) + len(requests) > self._breaks_at:
            raise EngineDied("as the test wants it")
        self.asked += requests
        return await super().generate(requests, affinity=affinity)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    commit_problems(tmp_path, problem_rows(5))
    commit_variants(tmp_path, run(perturb_job(tmp_path, PERTURB)), PERTURB)
    return tmp_path


async def tried(root: Path, engine: FakeEngine, **updates) -> Outcome:
    async with Grader() as grader:
        job = trials_job(root, PARAMS.model_copy(update=updates), ONE_AT_A_TIME)
        return (await answer(job, engine, grader)).in_memory()


def rows(outcome: Outcome) -> list[dict]:
    return outcome.tables["trials"].to_pylist()


async def test_each_original_is_followed_by_its_variants_with_all_their_samples(root):
    outcome = await tried(root, FakeEngine("arithmetic"), samples=2)
    assert outcome.tables["trials"].schema == schema_of("trials")
    order = dict.fromkeys((row["problem_id"], row["kind"], row["index"]) for row in rows(outcome))
    wanted = [("original", 0), *[(kind, i) for kind in ("identity", "numbers") for i in range(3)]]
    assert list(order) == [(row["problem_id"], *each) for row in problem_rows(5) for each in wanted]
    counts = Counter((row["problem_id"], row["kind"]) for row in rows(outcome))
    assert set(counts.values()) == {6}, "an original is asked as often as all variants of a kind together"
    for row in rows(outcome):
        assert (row["variant_id"] is None) == (row["kind"] == "original")
        assert row["mean_logprob"] == -0.5
        assert row["prompt_style"] == "concise"
        assert row["steps"] > 0 < row["question_tokens"]


async def test_the_same_text_gets_other_seeds_as_identity_than_as_the_original(root):
    found = rows(await tried(root, FakeEngine("arithmetic")))
    by_prompt = Counter(row["prompt"] for row in found if row["kind"] in ("original", "identity"))
    assert set(by_prompt.values()) == {6}
    assert len({row["seed"] for row in found}) == len(found)
    assert len({row["trial_id"] for row in found}) == len(found)


async def test_a_run_that_broke_asks_for_the_rest_alone_under_the_same_ids_and_seeds(root):
    broken = Recording(breaks_at=20)
    with pytest.raises(EngineDied):
        await tried(root, broken, samples=2)
    kept = trials_job(root, PARAMS).kept("trials").to_pylist()
    rest = Recording()
    outcome = await tried(root, rest, samples=2)
    seeds = {row["trial_id"]: row["seed"] for row in rows(outcome)}
    assert 0 < len(kept) < len(seeds)
    assert {request.id for request in rest.asked} == seeds.keys() - {row["trial_id"] for row in kept}
    assert {request.id: request.seed for request in (*broken.asked, *rest.asked)} == seeds
    assert outcome.summary["generated"] == len(rest.asked)


async def test_another_base_seed_gives_other_answers_throughout(root):
    first = await tried(root, FakeEngine("arithmetic"))
    other = await tried(root, FakeEngine("arithmetic"), seed=1)
    assert {row["trial_id"] for row in rows(first)}.isdisjoint(row["trial_id"] for row in rows(other))


async def test_more_samples_keep_those_that_there_are(root):
    first = await tried(root, FakeEngine("arithmetic"))
    more = Recording()
    second = await tried(root, more, samples=2)
    assert {row["trial_id"] for row in rows(first)} < {row["trial_id"] for row in rows(second)}
    assert len(more.asked) == len(rows(second)) - len(rows(first))


async def test_kinds_and_the_originals_share_may_be_chosen_and_the_rest_is_kept_for_later(root):
    outcome = await tried(root, FakeEngine("arithmetic"), kinds=("numbers",), original_samples=1)
    assert Counter(row["kind"] for row in rows(outcome)) == {"original": 5, "numbers": 15}
    greedy = await tried(root, FakeEngine("arithmetic"), sampling=Sampling(temperature=0))
    assert Counter(row["kind"] for row in rows(greedy))["original"] == 5


def stating(answer: str):
    return lambda request: answer


@pytest.mark.parametrize(
    ("text", "flexible", "strict", "answered", "truncated"),
    [
        ("#### 8", "correct", "correct", True, False),
        ("So there are 8.", "correct", "wrong", True, False),
        ("It is 8.\n#### 9", "wrong", "wrong", True, False),
        ("I do not know.", "wrong", "wrong", False, False),
        ("word " * 40, "unknown", "unknown", False, True),
    ],
)
async def test_both_extractions_are_scored_and_no_answer_is_told_from_a_cut_one(
    tmp_path, text, flexible, strict, answered, truncated
):
    problems = [row | {"answer": "8"} for row in problem_rows(1)]
    params = PerturbParams(kinds=("identity",), variants=1)
    commit_problems(tmp_path, problems)
    commit_variants(tmp_path, run(perturb_job(tmp_path, params)), params)
    sampling = Sampling(max_tokens=20)
    outcome = await tried(tmp_path, FakeEngine(stating(text)), sampling=sampling)
    for row in rows(outcome):
        told = (row["flexible_verdict"], row["strict_verdict"], row["answered"], row["truncated"])
        assert told == (flexible, strict, answered, truncated)
        assert row["verdict"] == flexible
    counted = outcome.summary["by_kind"]["identity"]
    assert (counted["no_answer"], counted["truncated"]) == (not answered and not truncated, truncated)
    by_strict = await tried(tmp_path, FakeEngine(stating(text)), sampling=sampling, extraction="strict")
    assert by_strict.summary["generated"] == 0
    assert {row["verdict"] for row in rows(by_strict)} == {strict}


async def test_a_question_that_the_engine_refuses_is_a_dead_letter_that_names_the_variant(root):
    numbers = next(row for row in rows(await tried(root, FakeEngine("arithmetic"))) if row["kind"] == "numbers")
    engine = FakeEngine("arithmetic", faults=Faults(fail=numbers["prompt"][10:60].replace("$", r"\$")))
    outcome = await tried(root, engine, seed=9)
    assert [letter.stage for letter in outcome.dead] == ["trials"] * len(outcome.dead)
    assert f"problem {numbers['problem_id']} numbers {numbers['index']} sample 0" in {x.place for x in outcome.dead}


async def test_a_variant_whose_gold_changed_is_scored_again_without_asking(root):
    first = rows(await tried(root, FakeEngine(stating("#### 7"))))
    assert {row["verdict"] for row in first if row["kind"] == "identity"} == {"wrong"}
    params = PERTURB.model_copy(update={"kinds": ("identity",)})
    commit_problems(root, [row | {"answer": "7", "solution": ""} for row in problem_rows(5)])
    commit_variants(root, run(perturb_job(root, params)), params)
    again = await tried(root, FakeEngine(stating("#### 7")))
    assert again.summary["generated"] == 0
    assert {row["verdict"] for row in rows(again)} == {"correct"}


async def test_the_problem_that_a_template_states_is_the_original_of_its_variants(root, tmp_path):
    (tmp_path / "pens.json").write_text(json.dumps(TEMPLATE))
    params = PerturbParams(kinds=("template",), templates=str(tmp_path / "pens.json"), variants=2)
    commit_variants(root, run(perturb_job(root, params)), params)
    found = rows(await tried(root, FakeEngine(stating("#### 8"))))
    assert [(row["problem_id"], row["kind"], row["index"], row["sample"]) for row in found] == [
        ("pens.json", "original", 0, 0),
        ("pens.json", "original", 0, 1),
        ("pens.json", "template", 0, 0),
        ("pens.json", "template", 1, 0),
    ]
    assert [row["verdict"] for row in found[:2]] == ["correct", "correct"]
    assert found[0]["variant_id"] is None
