"""What `perturb` shows of its rows."""

from pathlib import Path

import pytest

from tasks.report.html import page
from tasks.report.markdown import markdown
from tasks.report.section import Prose, Section, Table
from tasks.robustness.params import PerturbParams
from tasks.robustness.perturb import run
from tasks.robustness.variants_report import section
from tests.tasks.jobs import problem_rows
from tests.tasks.robustness.committed import commit
from tests.tasks.robustness.samples import MADE, commit_problems, perturb_job, shared, written_problem

KINDS = ("identity", "numbers", "order")
FAULTY = written_problem("sum", "How many <b>pens</b>?", "There are 5+2=<<5+2=8>>8.\n#### 8")


def made(root: Path, *problems: dict) -> Section:
    commit_problems(root, problems)
    outcome = run(perturb_job(root, PerturbParams(kinds=KINDS, variants=2)))
    for name in MADE:
        told = outcome.summary if name == "rewrites" else None
        commit(shared(root, name), outcome.tables[name].to_pylist(), summary=told)
    return section(shared(root, "rewrites"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Section:
    return made(tmp_path_factory.mktemp("store"), *problem_rows(12), FAULTY)


def table(told: Section, title: str) -> Table:
    return next(block for block in told.blocks if isinstance(block, Table) and block.title.startswith(title))


def test_each_kind_has_its_yield_and_its_tiers(told: Section) -> None:
    yields = table(told, "Yields")
    rows = {row[0]: dict(zip(yields.columns, row, strict=True)) for row in yields.rows}
    assert (rows["identity"]["problems"], rows["identity"]["accepted %"], rows["identity"]["variants"]) == (13, 100, 26)
    tiers = [name for name in yields.columns if name in ("clean", "tied", "unused", "anchored")]
    assert sum(rows["numbers"][tier] or 0 for tier in tiers) == rows["numbers"]["variants"] > 0


def test_refusals_are_told_with_the_first_ones_detail(told: Section) -> None:
    rows = [row for row in table(told, "Why there are no more").rows if row[0] == "order"]
    assert rows
    assert all(reason and count > 0 and detail for _, reason, count, detail in rows)


def test_a_variant_stands_beside_its_problem_and_identity_needs_none(told: Section) -> None:
    sides = table(told, "numbers, problem ")
    (_, before, after), (_, gold, new_gold), _ = sides.rows
    assert before != after
    assert before in {row["question"] for row in problem_rows(12)}
    assert gold
    assert new_gold
    assert not any(isinstance(block, Table) and block.title.startswith("identity,") for block in told.blocks)


def test_problems_whose_gold_contradicts_itself_are_listed(told: Section) -> None:
    listed = table(told, "Gold solutions that contradict themselves")
    assert [row[:4] for row in listed.rows] == [("sum", "annotation does not hold", "8", "7")]
    assert "How many &lt;b&gt;pens" in page("title", "about", [told])
    assert "<b>pens" not in markdown(told)


def test_where_no_gold_contradicts_itself_the_report_says_so(tmp_path: Path) -> None:
    assert any(
        isinstance(each, Prose) and "no gold solution" in each.text for each in made(tmp_path, *problem_rows(3)).blocks
    )
