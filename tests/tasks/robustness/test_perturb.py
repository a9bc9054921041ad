import json
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from evals.perturb.difficulty import difficulty
from evals.perturb.kinds import KINDS
from tasks.engines.engine import Request, Sampling
from tasks.engines.fake_engine import FakeEngine
from tasks.job import Outcome
from tasks.records import SourceError
from tasks.robustness.params import ALONE, KindOptions, PerturbParams, RewriterParams
from tasks.robustness.perturb import perturbed, read_problems, run, seeds
from tasks.robustness.rewriting import reword
from tests.tasks.jobs import FAKE, problem_rows, schema_of
from tests.tasks.robustness.samples import MADE, TEMPLATE, commit_problems, perturb_job, written_problem

BREAD = written_problem(
    "bread",
    "Hannah bakes 14 loaves of bread a day for 6 days. She sells each loaf for $5 and pays $120 for flour. "
    "How many dollars does she keep?",
    "Hannah bakes 14 * 6 = <<14*6=84>>84 loaves.\nShe sells them for 84 x $5 = $<<84*5=420>>420.\n"
    "She keeps $420 - $120 = $<<420-120=300>>300.\n#### 300",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    commit_problems(tmp_path, problem_rows(12))
    return tmp_path


def rows(outcome: Outcome, dataset: str = "variants") -> list[dict]:
    return outcome.tables[dataset].to_pylist()


def test_every_problem_and_kind_has_variants_or_a_refusal_with_its_place(root):
    outcome = run(perturb_job(root, PerturbParams()))
    assert {name: outcome.tables[name].schema for name in MADE} == {name: schema_of(name) for name in MADE}
    variants, refusals = rows(outcome), rows(outcome, "refusals")
    asked = {(row["problem_id"], kind) for row in problem_rows(12) for kind in ALONE}
    assert {(row["problem_id"], row["kind"]) for row in (*variants, *refusals)} == asked
    assert all(row["reason"] and row["detail"] and row["place"].startswith("test:") for row in refusals)
    there = [(row["problem_id"], row["kind"]) for row in variants]
    assert all(row["found"] == there.count((row["problem_id"], row["kind"])) for row in refusals)
    assert outcome.dead == ()


def test_a_variant_has_its_gold_its_certificate_and_how_hard_it_is(root):
    outcome = run(perturb_job(root, PerturbParams(kinds=("numbers",))))
    golds = {row["problem_id"]: row for row in problem_rows(12)}
    for row in rows(outcome):
        assert row["solution"].endswith(f"#### {row['answer']}")
        certificate = json.loads(row["certificate"])
        assert certificate["graph"]
        assert certificate["tier"] == row["tier"]
        assert row["steps"] == golds[row["problem_id"]]["steps"]
        assert row["digits"] >= len(row["answer"])
        assert len(row["numbers"]) == len(difficulty(golds[row["problem_id"]]["question"], "").numbers)


def test_a_variant_says_what_stands_for_what(tmp_path):
    commit_problems(tmp_path, [BREAD])
    outcome = run(perturb_job(tmp_path, PerturbParams(kinds=("names+numbers", "identity"), variants=1)))
    [variant, same] = rows(outcome)
    changes = json.loads(variant["changes"])
    assert changes[0][0] == "Hannah"
    assert changes[0][1] in variant["question"]
    assert {old for old, _ in changes[1:]} <= {"14", "6", "5", "120"}
    assert all(new in variant["question"] for _, new in changes)
    assert json.loads(same["changes"]) == []


def test_words_alone_keep_the_problems_own_gold_where_the_solution_states_none(tmp_path):
    commit_problems(tmp_path, [BREAD | {"solution": "She keeps what is left.", "answer": "\\frac{1}{2}"}])
    outcome = run(perturb_job(tmp_path, PerturbParams(kinds=("names", "numbers"))))
    assert {(row["kind"], row["answer"]) for row in rows(outcome)} == {("names", "\\frac{1}{2}")}
    assert [(row["kind"], row["reason"]) for row in rows(outcome, "refusals")] == [("numbers", "no answer")]


def test_the_same_parameters_give_the_same_rows_and_more_variants_keep_those_that_there_are(root):
    first, again = (run(perturb_job(root, PerturbParams(variants=2))) for _ in range(2))
    more = run(perturb_job(root, PerturbParams(variants=4)))
    other = run(perturb_job(root, PerturbParams(variants=2, seed=1)))
    assert first.tables["variants"].equals(again.tables["variants"])
    ids = [{row["variant_id"] for row in rows(each)} for each in (first, more, other)]
    assert ids[0] < ids[1]
    assert not ids[0] & ids[2]


def test_identity_is_the_text_itself_as_often_as_asked(root):
    outcome = run(perturb_job(root, PerturbParams(kinds=("identity",), variants=3)))
    questions = {row["problem_id"]: row["question"] for row in problem_rows(12)}
    assert [row["question"] for row in rows(outcome)] == [each for each in questions.values() for _ in range(3)]
    assert len({row["variant_id"] for row in rows(outcome)}) == 36


def test_a_kind_may_have_a_count_of_its_own_and_take_certain_tiers_alone(root):
    options = {"identity": KindOptions(variants=1), "numbers": KindOptions(tiers=("clean",))}
    outcome = run(perturb_job(root, PerturbParams(kinds=("identity", "numbers"), options=options)))
    assert [row["kind"] for row in rows(outcome)].count("identity") == 12
    assert {row["tier"] for row in rows(outcome) if row["kind"] == "numbers"} == {"clean"}
    assert "another tier" in {row["reason"] for row in rows(outcome, "refusals")}


def test_the_summary_counts_yields_and_reasons_by_kind(root):
    outcome = run(perturb_job(root, PerturbParams(kinds=("numbers", "order"))))
    counted = outcome.summary["by_kind"]["order"]
    there = [row for row in rows(outcome) if row["kind"] == "order"]
    assert counted["asked"] == 12
    assert counted["variants"] == len(there)
    assert counted["accepted"] == len({row["problem_id"] for row in there})
    assert sum(counted["refusals"].values()) == sum(row["kind"] == "order" for row in rows(outcome, "refusals"))


NINES = "9" * 400
HOSTILE = {
    "digits": (f"Ann has {NINES} pens and 2 bags. How many?", f"{NINES}+2=<<{NINES}+2=1>>1\n#### 1"),
    "digits of the gold": ("Ann has 5 pens and 2 bags. How many?", f"5+2=<<5+2={NINES}>>\n#### {NINES}"),
    "parentheses": ("Ann has 5 pens and 2 bags. How many?", "<<" + "(" * 2000 + "5+2" + ")" * 2000 + "=7>>\n#### 7"),
    "no annotation": ("Ann has 5 pens and 2 bags. How many?", "There are 7.\n#### 7"),
    "contradiction": ("Ann has 5 pens and 2 bags. How many?", "5+2=<<5+2=8>>8\n#### 8"),
    "no division": ("Ann has 5 pens and 0 bags. How many?", "<<5/0=0>>\n#### 0"),
    "unknown unit": ("Ann has 5 furlongs and 2 bags. How many?", "5*201=<<5*201=1005>>\n#### 1005"),
    "other digits": ("Ann has ٥ pens and 2² bags. How many?", "<<٥+2²=9>>\n#### 9"),
    "empty": (" ", "<<5+2=7>>\n#### 7"),
    "long": ("Ann has 5 pens. " * 2000, "<<5+2=7>>\n#### 7"),
    "NUL": ("\0" * 3000 + "5 pens?", "<<5+2=7>>\n#### 7"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_problem_is_refused_with_a_reason_and_the_rest_goes_on(tmp_path, name):
    commit_problems(tmp_path, [written_problem("hostile", *HOSTILE[name]), BREAD])
    start = time.process_time()
    outcome = run(perturb_job(tmp_path, PerturbParams(kinds=("numbers", "names+numbers", "larger"))))
    assert time.process_time() - start < 1
    assert {row["problem_id"] for row in rows(outcome)} == {"bread"}
    refused = [row for row in rows(outcome, "refusals") if row["problem_id"] == "hostile"]
    assert [row["kind"] for row in refused] == ["numbers", "names+numbers", "larger"]
    assert all(row["reason"] and row["place"] == "hostile.jsonl:1" for row in refused)


def test_a_minus_of_unicode_is_read_and_a_fraction_of_unicode_is_refused_with_a_reason(tmp_path):
    question = "Hannah bakes 48 pies. She gives 24 of them to a friend, and {} burn. How many pies are left?"
    solution = "48 − 24 − {0} = <<48−24−{0}={1}>>{1} are left.\n#### {1}"
    minus = written_problem("minus", question.format("6"), solution.format("6", "18"))
    half = written_problem("half", question.format("½"), solution.format("½", "23.5"))
    commit_problems(tmp_path, [minus, half])
    outcome = run(perturb_job(tmp_path, PerturbParams(kinds=("numbers",))))
    assert {row["problem_id"] for row in rows(outcome)} == {"minus"}
    for row in rows(outcome):
        pies, given, burnt = row["numbers"]
        assert float(row["answer"]) == pies - given - burnt
    [refusal] = [row for row in rows(outcome, "refusals") if row["problem_id"] == "half"]
    assert refusal["reason"]


def test_a_problem_without_a_gold_answer_is_refused(tmp_path):
    commit_problems(tmp_path, [BREAD | {"answer": ""}])
    outcome = run(perturb_job(tmp_path, PerturbParams(kinds=("identity",))))
    assert [row["reason"] for row in rows(outcome, "refusals")] == ["no gold"]


def test_a_solution_that_ends_with_another_answer_than_the_problems_computes_no_gold(tmp_path):
    commit_problems(tmp_path, [BREAD | {"answer": "299"}, BREAD | {"problem_id": "dollars", "answer": "$300.00"}])
    outcome = run(perturb_job(tmp_path, PerturbParams(kinds=("names", "numbers"), variants=1)))
    assert [(row["problem_id"], row["kind"]) for row in rows(outcome)] == [
        ("bread", "names"),
        ("dollars", "names"),
        ("dollars", "numbers"),
    ]
    [refusal] = rows(outcome, "refusals")
    assert (refusal["reason"], refusal["detail"]) == (
        "two answers",
        "the solution ends with '300', the problem says '299'",
    )


def test_a_choice_keeps_its_letter_and_gets_no_other_numbers(tmp_path):
    commit_problems(tmp_path, [BREAD | {"answer": "B", "answer_kind": "choice", "choices": ["200", "300"]}])
    outcome = run(perturb_job(tmp_path, PerturbParams(kinds=("names", "numbers"))))
    assert {(row["kind"], row["answer"]) for row in rows(outcome)} == {("names", "B")}
    assert [row["reason"] for row in rows(outcome, "refusals")] == ["no number as answer"]


def test_golds_that_contradict_their_own_solution_are_listed(tmp_path):
    problems = [
        BREAD,
        BREAD | {"problem_id": "two", "answer": "299", "place": "x:2"},
        written_problem("sum", "How many?", "There are 5+2=<<5+2=8>>8.\n#### 8"),
        written_problem("prose", "How many?", "There are 5 + 2 = 9 pens, so 9 * 2 = <<9*2=18>>18.\n#### 18"),
        written_problem("lost", "How many?", "5*2=<<5*2=10>>10\n#### 13"),
        written_problem("rounded", "How many?", "10/3 = <<10/3=3.33>>3.33 and 10 / 3 = 3\n#### 3"),
    ]
    commit_problems(tmp_path, problems)
    outcome = run(perturb_job(tmp_path, PerturbParams(kinds=("identity",))))
    assert [(r["problem_id"], r["reason"], r["stated"], r["computed"]) for r in rows(outcome, "gold_faults")] == [
        ("two", "two answers", "300", "299"),
        ("sum", "annotation does not hold", "8", "7"),
        ("prose", "equation does not hold", "9", "7"),
        ("lost", "answer from nowhere", "13", "10"),
    ]
    assert outcome.summary["gold_faults"]["two answers"] == 1


class TestTemplates:
    def made(self, root: Path, path: Path) -> Outcome:
        return run(perturb_job(root, PerturbParams(kinds=("template",), templates=str(path), variants=3)))

    def test_a_folder_of_them_is_a_source_beside_the_problems(self, root, tmp_path):
        folder = tmp_path / "symbolic"
        folder.mkdir()
        (folder / "0001.json").write_text(json.dumps(TEMPLATE))
        (folder / "0002.json").write_text(json.dumps(TEMPLATE | {"answer": "#### 9"}))
        (folder / "0003.json").write_text("{")
        (folder / "0004.json").write_text(json.dumps(TEMPLATE | {"question": "\ud800"}))
        outcome = self.made(root, folder)
        found = rows(outcome)
        assert [(row["problem_id"], row["kind"], row["index"]) for row in found] == [
            ("0001.json", "original", 0),
            *[("0001.json", "template", index) for index in range(3)],
        ]
        assert (found[0]["question"], found[0]["answer"]) == (TEMPLATE["question"], "8")
        assert [(row["place"], row["reason"]) for row in rows(outcome, "refusals")] == [
            ("0002.json", "contradictory template"),
            ("0003.json", "not_json"),
            ("0004.json", "bad_text"),
        ]

    def test_a_hostile_one_is_refused_and_the_rest_goes_on(self, root, tmp_path):
        hostile = TEMPLATE["question_annotated"].replace("x > y", "x.__class__ != 9**9**9")
        records = [TEMPLATE | {"question_annotated": hostile}, TEMPLATE]
        (tmp_path / "t.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
        outcome = self.made(root, tmp_path / "t.jsonl")
        assert [(row["place"], row["reason"]) for row in rows(outcome, "refusals")] == [
            ("t.jsonl:1", "a hostile expression")
        ]
        assert {row["problem_id"] for row in rows(outcome)} == {"t.jsonl:2"}

    def test_every_line_of_a_large_file_is_read(self, root, tmp_path):
        large = TEMPLATE | {"note": "x" * 9 * 2**20}
        (tmp_path / "t.jsonl").write_text("".join(json.dumps(each) + "\n" for each in (large, large, TEMPLATE)))
        outcome = self.made(root, tmp_path / "t.jsonl")
        assert {row["problem_id"] for row in rows(outcome)} == {"t.jsonl:1", "t.jsonl:2", "t.jsonl:3"}

    def test_no_depth_of_nested_lists_keeps_the_rest_from_being_read(self, root, tmp_path):
        folder = tmp_path / "deep"
        folder.mkdir()
        for depth in range(900, 1010):
            (folder / f"{depth}.json").write_text('{"a":' + "[" * depth + "]" * depth + "}")
        (folder / "last.json").write_text(json.dumps(TEMPLATE))
        outcome = self.made(root, folder)
        assert {row["problem_id"] for row in rows(outcome)} == {"last.json"}
        assert len(rows(outcome, "refusals")) == 110

    def test_a_file_of_another_kind_is_an_error_that_says_which_are_read(self, root, tmp_path):
        (tmp_path / "t.parquet").write_bytes(b"PAR1")
        with pytest.raises(SourceError, match=r"no \.json or \.jsonl file"):
            self.made(root, tmp_path / "t.parquet")

    def test_a_path_that_is_not_there_is_an_error_that_names_it(self, root, tmp_path):
        with pytest.raises(SourceError, match="nowhere"):
            self.made(root, tmp_path / "nowhere")


def rewordings(request: Request) -> str:
    """By seed: another order of words, another number, and no rewording at all."""
    if "loaves" not in request.prompt:
        return "No."
    said = (
        "Every day, for 6 days, Hannah bakes 14 loaves of bread. A loaf is sold for $5, and she pays $120 for flour. "
        "How many dollars does she keep?"
    )
    return [said, said.replace("for 6 days", "for all 6 days"), said.replace("14", "15"), "I cannot."][request.seed % 4]


class TestParaphrase:
    PARAMS = PerturbParams(
        kinds=("paraphrase",), variants=2, rewriter=RewriterParams(engine=FAKE, sampling=Sampling(max_tokens=99))
    )

    @pytest.fixture
    def bread(self, tmp_path: Path) -> Path:
        commit_problems(tmp_path, [BREAD, BREAD | {"problem_id": "no", "question": "What is 2 + 3?", "answer": ""}])
        return tmp_path

    async def made(self, root: Path, engine: FakeEngine, **updates) -> Outcome:
        params = self.PARAMS.model_copy(update=updates)
        job = perturb_job(root, params)
        problems = read_problems(job)
        return perturbed(job, problems, await reword(job, seeds(problems), engine))

    async def test_rewordings_that_keep_numbers_and_names_are_variants_with_the_seeds_gold(self, bread):
        engine = FakeEngine(rewordings)
        outcome = await self.made(bread, engine)
        found = rows(outcome)
        assert outcome.model_digest == engine.identity.digest
        assert 1 <= len(found) <= 2
        assert len({row["question"] for row in found}) == len(found)
        assert {(row["answer"], row["solution"], row["tier"]) for row in found} == {
            (BREAD["answer"], BREAD["solution"], "text")
        }
        assert all("14 loaves" in row["question"] for row in found)
        reasons = {row["reason"] for row in rows(outcome, "refusals") if row["problem_id"] == "bread"}
        assert reasons <= {"other numbers", "other people", "a repeated rewording"}
        assert reasons - {"a repeated rewording"}

    async def test_what_was_kept_is_not_asked_for_again_and_a_killed_run_asks_for_the_rest(self, bread):
        first = await self.made(bread, FakeEngine(rewordings))
        again = await self.made(bread, FakeEngine(rewordings))
        assert (first.summary["generated"], again.summary["generated"]) == (8, 0)
        assert again.tables["variants"].equals(first.tables["variants"])
        more = self.PARAMS.rewriter.model_copy(update={"samples": 11})
        assert (await self.made(bread, FakeEngine(rewordings), rewriter=more)).summary["generated"] == 3

    async def test_a_rewording_that_comes_again_is_refused_and_fewer_than_asked_for_are_explained(self, bread):
        said = rewordings(Request("", "loaves", 0, Sampling()))
        again = await self.made(bread, FakeEngine(lambda request: said))
        found = [row for row in rows(again, "refusals") if row["problem_id"] == "bread"]
        assert [row["question"] for row in rows(again)] == [said]
        assert [row["reason"] for row in found] == ["a repeated rewording"] * 7
        one = self.PARAMS.rewriter.model_copy(update={"samples": 1, "seed": 1})
        few = await self.made(bread, FakeEngine(lambda request: said), rewriter=one)
        [row] = [row for row in rows(few, "refusals") if row["problem_id"] == "bread"]
        assert (row["reason"], row["found"]) == ("no further variant", 1)

    async def test_one_that_was_cut_off_or_never_came_is_refused(self, bread):
        short = self.PARAMS.rewriter.model_copy(update={"sampling": Sampling(max_tokens=5), "samples": 2})
        cut = await self.made(bread, FakeEngine(lambda request: "Every day, for 6 days, Hannah bakes"), rewriter=short)
        assert [row["reason"] for row in rows(cut, "refusals")] == ["truncated", "truncated", "no gold"]
        silent = await self.made(bread, FakeEngine(rewordings, context=3))
        assert {row["reason"] for row in rows(silent, "refusals")} == {"no reply", "no gold"}
        assert {letter.stage for letter in silent.dead} == {"perturb"}


class TestParams:
    @pytest.mark.parametrize(
        ("given", "why"),
        [
            ({"kinds": ("paraphrase",)}, "`rewriter` belong together"),
            ({"templates": "x.json"}, "`templates` belong together"),
            ({"kinds": ("names", "names")}, "names one twice"),
            ({"kinds": ("names",), "options": {"order": {}}}, "which kinds="),
            ({"kinds": ("original",)}, "Input should be"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, given, why):
        with pytest.raises(ValidationError, match=why):
            PerturbParams(**given)

    def test_all_kinds_that_need_nothing_else_are_asked_for(self):
        assert set(PerturbParams().kinds) == set(KINDS)
