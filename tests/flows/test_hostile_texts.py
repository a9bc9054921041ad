"""Problems, steps, file names and ids that are markup go through real stages, and reach people as text alone."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from flows.cli import app
from flows.run.execute import Execution, Runner, execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.engines.engine import Request
from tasks.engines.fake_engine import FakeEngine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.params import Params, ProblemsParams, TracesParams, TreesParams
from tasks.report.lineage import lineage
from tasks.report.markdown import markdown
from tasks.report.section import Picture, Prose, Section, Table
from tasks.traces import sample
from tasks.trees.stage import grow
from tests.tasks.jobs import FAKE, PARTITION

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</style></title></textarea><script>alert(1)</script>",
    "[click](javascript:alert(1)) ![x](javascript:alert(1)) <javascript:alert(1)>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "]]><script>alert(1)</script><![CDATA[ &lt;script&gt; &#60;script&#62; {{ 7*7 }} {% raw %}",
    "```\n<script>alert(1)</script>\n```\n# heading\n<!-- -->",
)
FILE = "<img src=x onerror=alert(1)>`\n```\n\n<b>&.jsonl"
WHERE = Partition(date=PARTITION.date, source="img-src-x-onerror-alert-1", model="arithmetic")
CLICKS = files("tasks.report").joinpath("page.html").read_text(encoding="utf-8").partition('<script nonce="sort">')[2]


def answer(request: Request) -> str:
    """A step that is markup; the answer is 8 for even seeds, else 9."""
    return f"Step 1: {HOSTILE[request.seed % len(HOSTILE)]} 2 + 3 = 5\nStep 2: 5 + 3 = 8\n#### {8 + request.seed % 2}"


def run_traces(job: Job[TracesParams]) -> Outcome:
    return asyncio.run(graded(sample, job))


def run_trees(job: Job[TreesParams]) -> Outcome:
    return asyncio.run(graded(grow, job))


async def graded(stage: Callable[..., Awaitable[Outcome]], job: Job[Any]) -> Outcome:
    async with Grader() as grader:
        return await stage(job, FakeEngine(answer), grader)


def ran(root: Path, name: str, params: Params, code: str | None = None) -> Execution:
    stage = replace(STAGES[name], run=f"{__name__}:{code}") if code else STAGES[name]
    where = WHERE.without_model() if name == "problems" else WHERE
    return execute(Work(stage, where, params, Store(root)), Runner(max_dead_rate=1))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Problems of a file, traces and trees; the first and the last as the stages make them."""
    root = tmp_path_factory.mktemp("hostile")
    rows = [{"id": text, "q": f"{text} 2 + 3 + 3?", "a": "8"} for text in HOSTILE]
    (root / FILE).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    columns = {"question": "q", "answer": "a", "problem_id": "id"}
    ran(root, "problems", ProblemsParams(source="file", path=str(root / FILE), format="columns", columns=columns))
    ran(root, "traces", TracesParams(engine=FAKE, samples=2), "run_traces")
    ran(root, "trees", TreesParams(), "run_trees")
    return root


class Tags(HTMLParser):
    """Tags with their attributes, the texts of scripts, and all other text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self.words = ""
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.scripts.append(data)
        else:
            self.words += data

    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}

    def attributes(self) -> Iterator[tuple[str, str]]:
        return (each for _, attributes in self.tags for each in attributes.items())


PAGE = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "h1",
    "h2",
    "h3",
    "p",
    "nav",
    "a",
    "section",
    "img",
    "div",
} | {*("table", "thead", "tbody", "tr", "th", "td", "script", "details", "summary", "span", "button", "label", "input")}
PROSE = {"p", "strong", "em", "table", "thead", "tbody", "tr", "th", "td", "pre", "code", "h1", "br"}


def test_a_report_has_no_script_but_its_own(root: Path) -> None:
    out = root / "report.html"
    told = CliRunner().invoke(app, ["report", "--root", str(root), "--out", str(out)])
    assert told.exit_code == 0, told.output
    page = Tags(out.read_text(encoding="utf-8"))
    assert page.names() <= PAGE
    assert page.scripts == [CLICKS.partition("</script>")[0]]
    assert [tag for tag, _ in page.tags].count("style") == 1
    for name, value in page.attributes():
        assert not name.startswith("on"), name
        assert name not in ("href", "src") or value.startswith(("#", "data:image/")), value
    assert FILE.split("\n")[0] in page.words, "it is there, as text"


def test_pictures_of_a_report_are_drawings_alone(root: Path) -> None:
    pictures = [block for block in section(root, "trees").blocks if hasattr(block, "svg")]
    assert pictures
    for picture in pictures:
        drawn = ElementTree.fromstring(base64.b64decode(picture.uri.partition(",")[2]))
        for element in drawn.iter():
            assert element.tag.rpartition("}")[2] in {
                "svg",
                "g",
                "rect",
                "text",
                "tspan",
                "path",
                "line",
                "title",
                "desc",
            }
            assert not [name for name in element.attrib if name.startswith("on") or "href" in name]
        assert "alert(1)" in "".join(drawn.itertext()), "the step is there, as text"


def test_the_markdown_of_a_section_makes_no_element_of_them(root: Path) -> None:
    assert rendered(markdown(section(root, "trees"))).names() <= PROSE


def test_lineage_makes_no_element_of_a_file_s_name(root: Path) -> None:
    places = {"problems": WHERE.without_model(), "traces": WHERE}
    manifests = [found for name, where in places.items() if (found := Store(root).at(name, where).manifest())]
    told = lineage("problems", manifests)
    page = rendered(told)
    assert page.names() <= PROSE | {"code"}
    assert told.count("```") == 2, "the graph ends where it is meant to"
    assert "<img src=x onerror=alert(1)>" in page.words


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_of_any_block_makes_no_element_and_no_link_of_them(text: str) -> None:

    blocks = (Prose(text), Table(text, (text,), ((text,),), note=text), Picture(text, "<svg/>", text))
    page = rendered(markdown(Section(text, blocks)))
    assert page.names() <= PROSE
    assert not list(page.attributes()) or all(name == "style" for name, _ in page.attributes())
    assert "alert(1)" in page.words


def section(root: Path, stage: str) -> Section:
    found = STAGES[stage].section(Store(root).at(STAGES[stage].main, WHERE))
    assert found
    return found


def rendered(text: str) -> Tags:
    """As a renderer shows it that lets HTML through, which is the least careful there is."""
    return Tags(MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").render(text))
