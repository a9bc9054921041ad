"""The command that starts everything on one machine, and its help."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.failures import failures_shown
from flows.commands.options import Alert, AnyRoot


def up(
    context: typer.Context,
    root: AnyRoot = "data",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the server and its UI, on 127.0.0.1.")] = 4200,
    alert: Alert = None,
) -> None:
    """Start a Prefect server with its UI, the deployments, a worker and Ray on this machine, until Ctrl-C.

    The server listens on 127.0.0.1 and asks for a user and password: those of PREFECT_SERVER_API_AUTH_STRING, else new.
    Then schedule runs, start them from forms in the UI, or backfill: [dim]proctor backfill --help[/]
    """
    with failures_shown(context):
        from flows.orders.order import absolute_root
        from flows.server.temporary import free_port
        from flows.server.up import Place, new_auth, new_ray_token
        from flows.server.up import up as start

        where = absolute_root(root)
        logs = Path("proctor-logs" if "://" in root else where) / "up"
        known = bool(os.environ.get("PREFECT_SERVER_API_AUTH_STRING"))
        place = Place(where, port, free_port(), new_auth(), new_ray_token(), logs.absolute(), alert, known)
        start(place, Console())
