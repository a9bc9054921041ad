"""Trees as training data, out of rows of the `trees` dataset."""

from typing import Any

from storage.store import Store
from tasks.engines.engine import Resources
from tasks.job import Job, Outcome
from tasks.params import PRMParams
from tasks.prm import run
from tasks.trees.paths import edges, paths
from tests.tasks.test_prm import PARTITION, PROBLEM, committed, trace

QUESTIONS = {"p1": "How many eggs?"}


def node(name: str, parent: str | None, *steps: str, right: int = 0, wrong: int = 0, **more: Any) -> dict[str, Any]:
    hard = 1 if right else 0 if wrong else None
    return {
        "node_id": name,
        "problem_id": "p1",
        "parent_id": parent,
        "depth": 0 if parent is None else 1,
        "steps": list(steps),
        "prefix": "",
        "prefix_id": name,
        "rollout_id": None,
        "successes": right,
        "failures": wrong,
        "unknowns": 0,
        "visits": 0,
        "hard": hard,
        "soft": None if hard is None else right / (right + wrong),
        "proven": bool(right),
        "contradicted": False,
        "truth": None,
        "verdict": None,
        "first_error": None,
        "stop_rule": "exhausted",
        "model": "tiny",
        **more,
    }


NODES = [
    node("root", None, right=2, wrong=2),
    node("good", "root", "a\n", "b\n", right=3, wrong=1, prefix="a\nb\n"),
    node("bad", "good", "c\n", wrong=4, prefix="a\nb\nc\n"),
    node("lost", "bad", "d\n", "#### 6", wrong=1, prefix="a\nb\nc\nd\n#### 6", verdict="wrong"),
    node("home", "good", "x\n", "#### 5", right=1, prefix="a\nb\nx\n#### 5", verdict="correct"),
]


def exported(tmp_path, nodes=NODES, problems=(PROBLEM,), **params) -> Outcome:
    store = Store(tmp_path)
    rows = {"problems": list(problems), "traces": [trace("t", "x\n")], "trees": list(nodes)}
    inputs = {dataset: committed(store, dataset, each) for dataset, each in rows.items()}
    job = Job(PRMParams(source="trees", **params), Resources(), PARTITION, inputs, {}, lambda *_, **__: None)
    return run(job)


def test_a_path_is_a_whole_solution_with_the_labels_on_its_way():
    lost, home = paths(QUESTIONS, NODES)
    assert [(step.text, step.hard, step.successes, step.failures) for step in lost.steps] == [
        ("a\n", True, 0, 0),
        ("b\n", True, 3, 1),
        ("c\n", False, 0, 4),
        ("d\n", None, 0, 0),
        ("#### 6", False, 0, 1),
    ]
    assert [step.hard for step in home.steps] == [True, True, True, True]
    assert (lost.trace_id, lost.verdict, home.verdict) == ("lost", "wrong", "correct")
    assert lost.prompt == "How many eggs?\n"


def test_an_edge_has_what_stands_before_it_in_its_prompt():
    found = {each.trace_id: each for each in edges(QUESTIONS, NODES)}
    assert found.keys() == {"good", "bad", "lost", "home"}, "the root is the question"
    assert found["bad"].prompt == "How many eggs?\na\nb\n"
    assert [step.text for step in found["bad"].steps] == ["c\n"]
    assert {name: each.verdict for name, each in found.items()} == {
        "good": "prefix",
        "bad": "prefix",
        "lost": "wrong",
        "home": "correct",
    }


def test_edges_behind_a_step_that_is_not_good_can_be_left_out():
    assert {each.trace_id for each in edges(QUESTIONS, NODES, through_first_error=True)} == {"good", "bad", "home"}


def test_a_contradicted_step_is_unknown_and_what_follows_it_is_not_exported(tmp_path):
    nodes = [*NODES[:2], NODES[2] | {"proven": True, "contradicted": True}, *NODES[3:]]
    lost, _ = paths(QUESTIONS, nodes)
    assert [step.hard for step in lost.steps] == [True, True, None, None, False]
    rows = exported(tmp_path, nodes).tables["prm"].to_pylist()
    assert rows[0]["completions"] == ["a", "b"]


def test_a_human_beginning_is_part_of_the_prompt():
    nodes = [NODES[0] | {"steps": ["h\n"], "prefix": "h\n"}, node("end", "root", "#### 5", right=1, verdict="correct")]
    for [each] in (list(paths(QUESTIONS, nodes)), list(edges(QUESTIONS, nodes))):
        assert each.prompt == "How many eggs?\nh\n"
        assert [step.text for step in each.steps] == ["#### 5"]


def test_rows_of_paths_repeat_shared_steps_and_say_how_many(tmp_path):
    outcome = exported(tmp_path)
    rows = outcome.tables["prm"].to_pylist()
    assert [row["completions"] for row in rows] == [["a", "b", "c"], ["a", "b", "x", "#### 5"]]
    assert [row["labels"] for row in rows] == [[True, True, False], [True] * 4]
    assert [row["soft_labels"] for row in rows] == [[None, 0.75, 0.0], [None, 0.75, None, 1.0]]
    assert outcome.summary["steps_repeated"] == 2
    assert [row["label"] for row in outcome.tables["orm"].to_pylist()] == [False, True]


def test_rows_of_edges_hold_every_label_once(tmp_path):
    outcome = exported(tmp_path, tree_rows="edges")
    rows = outcome.tables["prm"].to_pylist()
    assert [row["completions"] for row in rows] == [["a", "b"], ["c"], ["x", "#### 5"]]
    assert outcome.summary["traces_without_label"] == 1, "nobody knows of the first step on the way to a wrong end"
    assert outcome.counts == {"unknown": 0}
    whole = exported(tmp_path).tables["orm"]
    assert outcome.tables["orm"].equals(whole), "outcome rows are whole solutions either way"
    assert outcome.summary["outcomes"] == 2


def test_a_tree_whose_problem_is_gone_is_a_dead_letter(tmp_path):
    outcome = exported(tmp_path, problems=[PROBLEM | {"problem_id": "p2"}])
    assert [(letter.kind, letter.id) for letter in outcome.dead] == [("no_problem", "p1")]
    assert outcome.tables["prm"].num_rows == 0


def test_a_question_that_was_left_out_gives_no_rows(tmp_path):
    assert exported(tmp_path, NODES[:1]).tables["prm"].num_rows == 0


def test_the_parameters_ask_for_the_dataset_that_they_name():
    assert PRMParams().also_reads() == ("labels",)
    assert PRMParams(source="trees").also_reads() == ("trees",)
