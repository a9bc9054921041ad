"""Somebody who looks at Prefect's UI in Debian's Chromium, logs in as the page asks, and reads what it shows."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",  # CI is root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
READ = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
"""Rows of a table as texts."""
MENU = 256
"""Pixels of the UI's menu, which no screenshot needs."""
PICTURES = os.environ.get("PROCTOR_TEST_SCREENSHOTS")
"""A folder into which the screenshots of docs/ are put; without it none are taken."""


class Person:
    """At one browser window."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self._url = page, url

    def log_in(self, auth: str) -> None:
        """From the server's bare address, which leads to the form."""
        self.page.goto(self._url)
        self.page.locator("input[type=password]").fill(auth)
        self.page.get_by_role("button", name="Login").click()

    def open_run(self, run_id: str) -> Page:
        return self._open(f"/v2/runs/flow-run/{run_id}")

    def hide_artifacts(self) -> None:
        """For a screenshot: from the graph of a run, where they stand between the bars; then all of it is shown."""
        if not PICTURES:
            return
        settings = self.page.locator("button[aria-haspopup=dialog]").first
        settings.click()
        self.page.get_by_text("Hide artifacts").click()
        settings.click(force=True)
        settings.locator("xpath=preceding::button[2]").click()

    def open_artifact(self, key: str) -> Page:
        """Its newest version, by the list of versions of its key."""
        self._open(f"/v2/artifacts/key/{key}")
        self.page.locator("a[href*='/artifacts/artifact/']").first.click()
        expect(self.page.get_by_role("tab", name="Raw")).to_be_visible()
        return self.page

    def numbers(self, dataset: str) -> dict[str, str]:
        """The table `<dataset>-numbers`, page after page, as texts."""
        page = self.open_artifact(f"{dataset}-numbers".replace("_", "-"))
        rows: dict[str, str] = {}
        while True:
            rows |= {name: value for name, value in page.locator("tbody tr").evaluate_all(READ)}
            further = page.get_by_role("button", name="Go to next page")
            if not further.count() or further.is_disabled():
                return rows
            further.click()

    def tables(self) -> dict[str, list[str]]:
        """All rows of all tables of the page, heads among them, by their first cell."""
        expect(self.page.locator("table").first).to_be_visible()
        return {first: others for first, *others in self.page.locator("table tr").evaluate_all(READ)}

    def drawn(self, image: Locator) -> dict[str, Any]:
        """Width in pixels and alternative text, once the browser has drawn it."""
        expect(image).to_be_visible()
        told: dict[str, Any] = image.evaluate(
            "each => each.decode().then(() => ({width: each.naturalWidth, alt: each.alt}))"
        )
        return told

    def picture(self, name: str, height: int = 700, left: int = MENU) -> None:
        """A screenshot for docs/, without the UI's menu, where one is asked for."""
        if PICTURES:
            self.page.wait_for_timeout(1500)  # what fades in
            self.page.screenshot(
                path=Path(PICTURES) / f"{name}.png", clip={"x": left, "y": 0, "width": 1280 - left, "height": height}
            )

    def _open(self, path: str) -> Page:
        self.page.goto(self._url + path)
        return self.page


@contextmanager
def person(url: str) -> Iterator[Person]:
    """With a profile that nobody used before."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield Person(page, url)
        browser.close()
