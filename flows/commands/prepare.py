"""The command that makes a team's Prefect server ready for the deployments, and its help."""

from __future__ import annotations

import typer
from rich.console import Console

from flows.commands.failures import failures_shown
from flows.commands.options import Alert
from flows.run.addresses import Unclear
from flows.server.temporary import is_configured


def prepare(context: typer.Context, alert: Alert = None) -> None:
    """Make on Prefect's server what the deployments need: the work pool, its queues, automations. `up` does so itself.

    For a server of your own, named by PREFECT_API_URL; then: [dim]prefect deploy --all[/]. Run again, it changes what
    differs.
    """
    with failures_shown(context):
        if not is_configured():
            raise Unclear(
                "no server is named: export PREFECT_API_URL=http://HOST:4200/api (and PREFECT_API_AUTH_STRING)"
            )
        from flows.server.setup import prepare_server

        for name, text in prepare_server(alert):
            Console().print(f"{name:<16}{text}", soft_wrap=True, markup=False, highlight=False)
