"""Watch a run's row from the terminal until it has ended, with a progress bar on standard error."""

import subprocess
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from core.errors import BrinellError, ConflictError
from core.processes import start_tied, stop_tree
from core.queries.runs import RunState, get_run_state
from core.services.jobs import KILLED_BY_LIMIT, NOT_WAITING, JobKind, cancel_run
from core.services.users import get_local_actor
from core.storage.database import read_scope, session_scope

POLL_S = 0.2
FINAL = frozenset({"completed", "failed", "cancelled", "paused"})
Detach = Annotated[bool, typer.Option("--detach", help="leave it to the worker and return at once")]
console = Console(stderr=True, soft_wrap=True)  # a terminal wraps, and a pipe keeps whole lines


def do_run(kind: JobKind, row_id: int, title: str) -> RunState:
    """Do a waiting run in a process of its own, here and now, and follow it; Ctrl-C cancels it in order."""
    process = start_tied("core.jobs", kind.value, str(row_id))
    try:
        while (state := _follow(kind, row_id, title, process)).status not in FINAL:
            # The run was given back, because a process of its own was lost: it goes on from what it kept.
            process = start_tied("core.jobs", kind.value, str(row_id))
        return state  # noqa: TRY300 - what follows is for what was interrupted
    except KeyboardInterrupt:
        console.print("cancelling; Ctrl-C again ends it at once")
        _cancel(kind, row_id)
        process.wait()
        raise
    finally:
        stop_tree(process.pid)
        process.wait()


def _follow(kind: JobKind, row_id: int, title: str, process: "subprocess.Popen[bytes]") -> RunState:
    with _progress() as progress:
        bar = progress.add_task(escape(title), total=None, note="starting")
        while True:
            with read_scope() as session:
                state = get_run_state(session, kind.value, row_id)
            progress.update(
                bar, completed=state.done, total=state.total or None, note=escape(state.note or state.status)
            )
            if state.status in FINAL:
                return state
            if process.poll() is not None and state.status == "pending":
                return state
            if process.poll() not in {None, 0, NOT_WAITING, KILLED_BY_LIMIT}:
                raise BrinellError(
                    f"the process at work on {title} ended with {process.returncode}; its log is above. "
                    "A worker takes the run up again: brinell serve"
                )
            time.sleep(POLL_S)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _cancel(kind: JobKind, row_id: int) -> None:
    with session_scope() as session:
        try:
            cancel_run(session, get_local_actor(session, via="cli"), kind, row_id)
        except ConflictError as error:  # it ended while the key was pressed
            console.print(str(error))
