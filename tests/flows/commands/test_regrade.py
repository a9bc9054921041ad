"""`proctor regrade`: today's verdicts of what is in storage, without a model."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.failures import FAILED, INPUTS_MISSING
from flows.run.execute import execute
from flows.run.work import Work, status
from flows.stages import STAGES
from storage.store import Store
from tasks.engines.engine import Sampling
from tasks.params import ImportParams, LabelsParams, ProblemsParams, TracesParams, TreesParams
from tests.flows.fake_stages import REFUSED, STRANGE, TRACES, made, put_problems
from tests.tasks.annotated_files import write
from tests.tasks.jobs import FAKE, PARTITION, at, commit, problem_rows

FIXED = LabelsParams(policy="fixed", k=4)
GOLD = "8"
Regrade = Callable[..., Result]


def problems(gold: str = GOLD) -> list[dict]:
    """Three problems; the first one's gold answer can be chosen."""
    rows = [row | {"answer": GOLD, "graph": ""} for row in problem_rows(3)]
    return [rows[0] | {"answer": gold}, *rows[1:]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three problems with four traces each, labelled by four rollouts a prefix."""
    put_problems(tmp_path, problems())
    made(tmp_path, TRACES)
    made(tmp_path, FIXED)
    return tmp_path


@pytest.fixture
def regrade(tmp_path: Path) -> Regrade:
    def run(*options: str) -> Result:
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["regrade", "--root", str(tmp_path), *options])

    return run


def told(result: Result, dataset: str) -> dict:
    assert result.exit_code == 0, result.output
    lines = map(json.loads, result.output.splitlines())
    return next(line for line in lines if line["dataset"] == dataset and "changes" in line)


def files(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[0] != "logs"  # which say that somebody looked
    }


def states(root: Path) -> list[str]:
    return [status(Store(root), STAGES[name], PARTITION).state for name in ("traces", "labels")]


def rows(root: Path, dataset: str) -> list[dict]:
    return at(root, dataset).read().to_pylist()


def test_what_is_current_differs_in_nothing(root, regrade):
    before = files(root)
    said = regrade().output
    assert "12 compared, nothing differs" in said
    assert "24 compared, nothing differs" in said
    assert "there is nothing to commit" in said
    assert regrade("--apply").exit_code == 0
    assert files(root) == before


def test_a_changed_gold_answer_shows_which_verdicts_and_labels_turn(root, regrade):
    old = {name: rows(root, name) for name in ("traces", "labels")}
    put_problems(root, problems(gold="9"))
    before = files(root)
    first = old["traces"][0]["problem_id"]
    right = sum(row["verdict"] == "correct" for row in old["traces"] if row["problem_id"] == first)
    assert 0 < right < 4
    traces = told(regrade("--json"), "traces")
    assert traces["changes"] == [
        {"old": "correct", "new": "wrong", "rows": right},
        {"old": "wrong", "new": "correct", "rows": 4 - right},
    ]
    turned = {(each["old"], each["new"]): each["rows"] for each in told(regrade("--json"), "labels")["changes"]}
    last = [row for row in old["labels"] if row["problem_id"] == first and row["step"] == 1]
    early = [row for row in old["labels"] if row["problem_id"] == first and row["step"] == 0]
    expected = {
        ("good", "bad"): right + sum(row["failures"] == 0 for row in early),
        ("bad", "good"): len(last) - right + sum(row["successes"] == 0 for row in early),
    }
    assert turned == {change: number for change, number in expected.items() if number}
    assert files(root) == before, "looking writes nothing"


def test_the_rows_that_turn_are_shown_and_the_first_of_them_alone(root, regrade):
    put_problems(root, problems(gold="9"))
    lines = [json.loads(line) for line in regrade("--json", "--limit", "2").output.splitlines()]
    shown = [line for line in lines if line["dataset"] == "traces" and "changes" not in line]
    stored = {row["trace_id"]: row for row in rows(root, "traces")}
    assert len(shown) == 2
    for row in shown:
        assert row["old"] == stored[row["trace_id"]]["verdict"] != row["new"]
        assert row["extracted"] == stored[row["trace_id"]]["extracted"]
    said = regrade("--limit", "2").output
    assert "2 more: --limit" in said
    assert "stale: input problems" in said


def test_applied_it_is_what_a_run_of_the_stages_would_have_made(root, regrade, tmp_path_factory):
    put_problems(root, problems(gold="9"))
    assert states(root)[0] == "stale"
    result = regrade("--apply")
    assert result.exit_code == 0, result.output
    assert "traces (generation 2), rollouts (generation 2), labels (generation 2)" in result.output
    assert states(root) == ["complete", "complete"]
    fresh = tmp_path_factory.mktemp("fresh")
    put_problems(fresh, problems(gold="9"))
    made(fresh, TRACES)
    made(fresh, FIXED)
    for dataset in ("traces", "rollouts", "labels"):
        assert rows(root, dataset) == rows(fresh, dataset)
        assert at(root, dataset).manifest().model_digest == at(fresh, dataset).manifest().model_digest
    assert at(root, "traces").manifest().tokens == at(root, "labels").manifest().tokens == 0
    assert made(root, FIXED).skipped, "the stage itself finds it complete"


def test_a_new_checker_makes_stale_and_apply_makes_complete(root, regrade, monkeypatch):
    for module in ("flows.run.work", "tasks.completions"):
        monkeypatch.setattr(f"{module}.CHECKER", "next")
    said = regrade().output
    assert said.count("nothing differs") == 2
    assert "stale: checker: 1 -> next" in said
    assert "To commit this: --apply" in said
    assert states(root) == ["stale", "stale"]
    assert regrade("--apply").exit_code == 0
    assert states(root) == ["complete", "complete"]
    assert {row["checker"] for name in ("traces", "rollouts") for row in rows(root, name)} == {"next"}


def test_rollouts_that_were_not_kept_are_counted_and_nothing_is_committed(tmp_path, regrade):
    """With its only rollout, a success, turned into a failure, a prefix wants the next one."""
    early_stop = LabelsParams(policy="first_success", k=4, waves=(1,))
    put_problems(tmp_path, problems())
    made(tmp_path, TRACES)
    made(tmp_path, early_stop)
    once = next(row["problem_id"] for row in rows(tmp_path, "labels") if row["step"] == row["failures"] == 0)
    assert sum(row["problem_id"] == once for row in rows(tmp_path, "rollouts")) == 1
    put_problems(tmp_path, [row | {"answer": "9" if row["problem_id"] == once else GOLD} for row in problems()])
    before = files(tmp_path)
    labels = told(regrade("--json"), "labels")
    assert labels["owed"] == 1, "the four traces share the prefix"
    assert labels["owed_by"] == [f"problem {once} sample {sample}" for sample in range(4)]
    assert labels["gone"] == 0
    refused = regrade("--apply")
    assert refused.exit_code == FAILED
    assert "labels of 4 traces want at least 1 generations that were not kept" in " ".join(refused.output.split())
    assert files(tmp_path) == before
    made(tmp_path, TRACES)
    made(tmp_path, early_stop)
    assert sum(row["problem_id"] == once for row in rows(tmp_path, "rollouts")) > 1
    assert "there is nothing to commit" in regrade().output


def test_what_the_engine_refused_stays_refused_and_is_not_owed(tmp_path, regrade):
    one, two, three = problems()
    asked = [one, two | {"question": f"{REFUSED}?"}, three | {"question": f"What of {STRANGE}?"}]
    put_problems(tmp_path, asked)
    made(tmp_path, TRACES)
    made(tmp_path, FIXED)
    dead = {name: at(tmp_path, name).dead().num_rows for name in ("traces", "labels")}
    assert dead == {"traces": 4, "labels": 4}
    put_problems(tmp_path, [one | {"answer": "9"}, *asked[1:]])
    result = regrade("--json")
    assert [told(result, name)["owed"] for name in dead] == [0, 0]
    assert [told(result, name)["gone"] for name in dead] == [0, 0]
    assert regrade("--apply", "--max-dead-rate", "1").exit_code == 0
    assert {name: at(tmp_path, name).dead().num_rows for name in dead} == dead
    assert at(tmp_path, "labels").dead()["kind"].to_pylist() == ["fault"] * 4


def test_a_problem_that_went_takes_its_rows_along_and_a_new_one_owes_its_traces(root, regrade):
    *others, _ = problems()
    put_problems(root, others)
    assert told(regrade("--json"), "traces")["gone"] == 4
    put_problems(root, [*others, *problem_rows(4)[3:]])
    result = regrade("--json")
    assert told(result, "traces")["owed"] == 4
    assert told(result, "traces")["gone"] == 4
    assert regrade("--apply").exit_code == FAILED


def test_labels_of_an_experiment_are_regraded_with_the_traces_that_they_read(root, regrade):
    other = PARTITION.model_copy(update={"run": "k2"})
    made(root, LabelsParams(policy="fixed", k=2), other)
    put_problems(root, problems(gold="9"))
    assert regrade("--run", "k2", "--apply").exit_code == 0
    store = Store(root)
    assert status(store, STAGES["labels"], other).state == "complete"
    assert store.at("traces", other).manifest() is None
    assert states(root) == ["complete", "stale"], "the main run's labels rest on the old verdicts"


def test_rows_of_another_version_of_the_stage_are_for_the_stage(root, regrade, monkeypatch):
    monkeypatch.setitem(STAGES, "labels", replace(STAGES["labels"], version=9))
    result = regrade()
    assert result.exit_code == FAILED
    assert "stage version: 2 -> 9" in " ".join(result.output.split())


def test_a_parameter_that_came_later_is_no_hindrance(root, regrade):
    [path] = (root / "labels").rglob("_manifest.json")
    manifest = json.loads(path.read_text())
    del manifest["params"]["recovery"]
    path.write_text(json.dumps(manifest))
    put_problems(root, problems(gold="9"))
    assert regrade("--apply").exit_code == 0
    assert at(root, "labels").manifest().params["recovery"] == FIXED.recovery


def test_labels_that_a_budget_left_open_stay_open_and_the_others_turn(tmp_path, regrade):
    """Room for the rollouts of some prefixes, and for none of the others'."""
    tight = LabelsParams(policy="fixed", k=4, sampling=Sampling(max_tokens=16), budget=64)
    put_problems(tmp_path, problems())
    made(tmp_path, TRACES)
    made(tmp_path, tight)
    before = {row["label_id"]: row for row in rows(tmp_path, "labels")}
    rolled = at(tmp_path, "rollouts").read(["rollout_id"])
    left_open = {name for name, row in before.items() if row["stop_rule"] == "budget"}
    first = problems()[0]["problem_id"]
    decided = [row for row in before.values() if row["stop_rule"] == "fixed"]
    assert left_open
    assert first in {row["problem_id"] for row in decided}
    put_problems(tmp_path, problems(gold="9"))
    assert told(regrade("--json"), "labels")["owed"] == 0, "there is no budget to ask with"
    assert regrade("--apply").exit_code == 0
    after = {row["label_id"]: row for row in rows(tmp_path, "labels")}
    assert {name for name, row in after.items() if row["stop_rule"] == "budget"} == left_open
    assert all(after[name] == row for name, row in before.items() if row["problem_id"] != first)
    assert any(after[row["label_id"]]["failures"] == row["successes"] > 0 for row in decided)
    assert at(tmp_path, "rollouts").read(["rollout_id"]).equals(rolled)
    assert states(tmp_path) == ["complete", "complete"]
    assert made(tmp_path, tight).skipped


def test_a_budget_that_ended_none_is_no_hindrance(root, regrade):
    made(root, FIXED.model_copy(update={"budget": 10**6}))
    put_problems(root, problems(gold="9"))
    assert regrade("--apply").exit_code == 0
    assert states(root) == ["complete", "complete"]
    assert at(root, "labels").manifest().params["budget"] == 10**6


def test_an_empty_store_says_so(regrade):
    assert regrade().exit_code == INPUTS_MISSING


def test_what_a_file_said_of_an_answer_stays_the_verdict(tmp_path, regrade):
    said = [
        {"q": "What is 2 + 3?", "answer": "5", "steps": ["2 + 3 = 5", "#### 5"], "right": True},
        {"q": "What is 2 + 3?", "answer": "5", "steps": ["2 + 3 is", "#### 5"], "right": None},
    ]
    file = str(write(tmp_path / "mine.jsonl", said))
    asked = [row | {"question": said[0]["q"], "answer": "5", "graph": ""} for row in problem_rows(1)]
    commit(at(tmp_path, "problems"), asked, ProblemsParams())
    columns = {"question": "q", "steps": "steps", "correct": "right"}
    params = TracesParams(engine=FAKE, imported=ImportParams(path=file, columns=columns))
    execute(Work(STAGES["traces"], PARTITION, params, Store(tmp_path)))
    made(tmp_path, FIXED)
    assert [row["reason"] for row in rows(tmp_path, "traces")] == ["annotated", "exact"]
    commit(at(tmp_path, "problems"), [asked[0] | {"answer": "6"}], ProblemsParams())
    assert told(regrade("--json"), "traces")["changes"] == [{"old": "correct", "new": "wrong", "rows": 1}]
    labels = told(regrade("--json"), "labels")
    assert labels["changes"] == [{"old": "good", "new": "bad", "rows": 1}], "the last step of the one that is graded"
    assert labels["owed"] == 0, "rollouts are found though no prompt of an imported trace is on record"
    assert regrade("--apply").exit_code == 0
    assert [row["verdict"] for row in rows(tmp_path, "traces")] == ["correct", "wrong"]
    assert rows(tmp_path, "traces")[0]["reason"] == "annotated"


class TestTrees:
    TREES = TreesParams(k=2, root_k=4, searches=4, rollouts=40)

    @pytest.fixture
    def forest(self, tmp_path: Path) -> Path:
        put_problems(tmp_path, problems())
        made(tmp_path, TRACES)
        made(tmp_path, self.TREES)
        assert at(tmp_path, "trees").read().num_rows > 10
        return tmp_path

    def test_what_is_current_differs_in_nothing(self, forest, regrade):
        before = files(forest)
        trees = told(regrade("--json"), "trees")
        assert (trees["differs"], trees["rows"]) == (False, at(forest, "trees").read().num_rows)
        assert files(forest) == before

    def test_a_gold_answer_in_another_spelling_is_committed_without_a_model(self, forest, regrade):
        old = {name: rows(forest, name) for name in ("trees", "tree_rollouts")}
        put_problems(forest, problems(gold="8.0"))
        assert status(Store(forest), STAGES["trees"], PARTITION).state == "stale"
        assert regrade("--apply").exit_code == 0
        assert {name: rows(forest, name) for name in old} == old
        assert status(Store(forest), STAGES["trees"], PARTITION).state == "complete"
        assert made(forest, self.TREES).skipped

    def test_a_search_that_would_go_further_owes_its_rollouts_and_nothing_is_committed(self, tmp_path, regrade):
        """A question none of whose rollouts was right is searched once some are."""
        forest = tmp_path
        put_problems(forest, problems(gold="never"))
        made(forest, TRACES)
        made(forest, self.TREES)
        put_problems(forest, problems())
        before = files(forest)
        trees = told(regrade("--json"), "trees")
        assert trees["owed"]
        assert all(problems()[0]["problem_id"] in place for place in trees["owed_by"])
        refused = regrade("--apply")
        assert refused.exit_code == FAILED
        assert "trees of" in " ".join(refused.output.split())
        assert files(forest) == before

    def test_where_all_that_is_wanted_was_kept_the_trees_are_those_of_a_fresh_run(
        self, forest, regrade, tmp_path_factory
    ):
        put_problems(forest, problems(gold="never"))
        assert regrade("--apply").exit_code == 0, "no rollout is right, so the question is left out after its root"
        fresh = tmp_path_factory.mktemp("fresh")
        put_problems(fresh, problems(gold="never"))
        made(fresh, TRACES)
        made(fresh, self.TREES)
        assert rows(forest, "trees") == rows(fresh, "trees")
        assert rows(forest, "tree_rollouts") == rows(fresh, "tree_rollouts")

    def test_questions_that_a_budget_left_unfinished_stay_so(self, tmp_path, regrade):
        tight = self.TREES.model_copy(update={"budget": 60, "sampling": Sampling(max_tokens=12)})
        put_problems(tmp_path, problems())
        made(tmp_path, TRACES)
        made(tmp_path, tight)
        assert at(tmp_path, "trees").manifest().summary["unfinished"]
        before = rows(tmp_path, "trees")
        put_problems(tmp_path, problems(gold="8.0"))
        assert told(regrade("--json"), "trees")["owed"] == 0
        assert regrade("--apply").exit_code == 0
        assert rows(tmp_path, "trees") == before


def test_nothing_heavy_is_loaded(root):
    put_problems(root, problems(gold="9"))
    code = (
        "import sys\n"
        "from flows.cli import app\n"
        "if __name__ == '__main__':\n"
        f"    app(['regrade', '--apply', '--root', {str(root)!r}], standalone_mode=False)\n"
        "    print('LOADED', *sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert ran.returncode == 0, ran.stderr
    said, _, loaded = ran.stdout.partition("LOADED")
    assert "Committed: traces" in said
    assert not {"prefect", "ray", "vllm", "torch", "transformers", "datasets"} & set(loaded.split())
