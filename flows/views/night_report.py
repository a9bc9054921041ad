"""What a night leaves for people when it is over: its page in the store, and the page's first parts in the UI.

The page is `reports/<partition>.html` under the root, made anew each time; the same text that `proctor report` writes.
"""

import datetime

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows.views.report import report_of
from storage.partition import Partition
from storage.store import Store
from tasks import artifacts
from tasks.report.section import Section


def leave_night_report(partition: Partition, root: str, baseline: datetime.date | None) -> None:
    """To be called from inside a flow, once something is committed at `partition`."""
    night_report_task.with_options(task_run_name=f"report {partition}")(partition, root, baseline)


@task(name="report", cache_policy=NO_CACHE, persist_result=False)
def night_report_task(partition: Partition, root: str, baseline: datetime.date | None) -> None:
    files = Store(root).files
    told = report_of(Store(root), partition, baseline)
    path = f"reports/{partition}.html"
    files.write(path, told.page().encode())
    blocks = (*told.overview.blocks, *(told.nights.blocks if told.nights else ()))
    artifacts.leave_report("nightly", Section(told.title, blocks), told.title)
    artifacts.leave_page("nightly", files.address(path), told.title)
    get_run_logger().info("the report is at %s", files.address(path))
