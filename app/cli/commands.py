"""What can be typed: exit 0 done, 1 what was asked failed, 2 the command itself was wrong."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import structlog
import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from app.cli.architectures import architectures
from app.cli.database import db, prepare
from app.cli.demo import seed_demo
from app.cli.experiments import experiments
from app.cli.features import features
from app.cli.following import Detach, console, do_run
from app.cli.output import AsJson, print_json, print_result
from app.cli.processes import running_worker
from app.cli.questions import sql
from app.cli.runs import runs
from app.cli.searching import search
from app.cli.training import resume, train
from core.errors import BrinellError
from core.logs import configure_logs
from core.queries.health import list_checks
from core.queries.runs import ImportReport, get_import_report
from core.services.datasets import request_import
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import (
    ImportSpec,
    MixedRates,
    StatedFacts,
)
from core.storage.database import DatabaseUnusableError, read_scope, session_scope

logger = structlog.get_logger(__name__)

cli = typer.Typer(
    name="brinell", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="The workbench of people who diagnose rotating machinery from vibration.",
)  # fmt: skip
cli.add_typer(db, name="db")
cli.add_typer(experiments, name="experiments")
cli.command()(sql)
cli.add_typer(runs, name="runs")
cli.add_typer(search, name="search")
cli.add_typer(architectures, name="nas")

SERVERS = frozenset({"serve", "demo"})


def main() -> None:
    """Run the command; a message for people instead of a traceback."""
    _end_in_order()
    try:
        cli()
    except BrinellError as error:
        console.print(f"[red]error:[/red] {escape(str(error))}")
        sys.exit(1)
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(map(str, problem["loc"])) or "command"
            console.print(
                f"[red]error:[/red] {escape(where)}: {escape(problem['msg'].removeprefix('Value error, '))}"
            )
        sys.exit(2)
    except DatabaseUnusableError as error:
        console.print(f"[red]error:[/red] the database cannot be used: {escape(str(error.orig))}")
        console.print("look at it with: brinell doctor")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _end_in_order() -> None:
    """Take a service manager's stop and a closed terminal as Ctrl-C, so that no process is left behind."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup asks for that
            signal.signal(number, signal.default_int_handler)


@cli.callback()
def configure(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="folder of database, recordings and artifacts; wins over BRINELL_HOME")
    ] = None,
) -> None:
    """Take the home before anything reads the settings; child processes inherit it."""
    if home is not None and home.exists() and not home.is_dir():
        raise typer.BadParameter(f"--home {home} is a file; name a folder, new or of an earlier start")
    if home is not None:
        os.environ["BRINELL_HOME"] = str(home.expanduser().resolve())
    if context.invoked_subcommand not in SERVERS:
        # Who follows a command reads its own lines; the log of the work speaks up where something is wrong.
        os.environ.setdefault("BRINELL_LOG_LEVEL", "warning")
    get_settings.cache_clear()
    configure_logs()


@cli.command()
def serve(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port; 0 takes a free one")] = None,
    host: Annotated[
        str | None, typer.Option(help="address; only this machine's own until accounts exist")
    ] = None,
    worker: Annotated[bool, typer.Option(help="have a worker run beside the server")] = True,
) -> None:
    """Serve the pages, with a worker beside them; Ctrl-C ends both."""
    _serve(host, port, with_worker=worker, with_demo=False)


@cli.command()
def demo(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port; 0 takes a free one")] = None,
) -> None:
    """Serve the pages on a physics-made data set and one short experiment that trains while you watch."""
    _serve(None, port, with_worker=True, with_demo=True)


def _serve(host: str | None, port: int | None, *, with_worker: bool, with_demo: bool) -> None:
    from app.server.binding import check_bind

    chosen = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = get_settings().model_copy(update=chosen)
    check_bind(settings.host)
    prepare()
    ended = threading.Event()
    with _worker_beside(with_worker):
        # What a killed server left waits for the worker alone, not for the pages to load, too.
        from app.main import serve as serve_pages

        if with_demo:
            threading.Thread(target=seed_demo, args=(ended,), name="demo", daemon=True).start()
        try:
            serve_pages(settings, on_ready=_announce)
        finally:
            ended.set()


@contextmanager
def _worker_beside(wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    with running_worker():
        yield


def _announce(url: str) -> None:
    console.print(f"Brinell is at [bold]{url}[/bold]  (home {get_settings().home}; Ctrl-C ends it)")


@cli.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="files and folders of recordings")],
    *,
    dataset: Annotated[str, typer.Option(help="data set to make or add to")],
    mixed_rates: Annotated[
        MixedRates, typer.Option(help="records whose sampling rate differs from the data set's others")
    ] = MixedRates.RESAMPLE,
    rate_hz: Annotated[
        float | None, typer.Option(help="sampling rate in Hz, where the files do not say theirs")
    ] = None,
    fault_class: Annotated[str | None, typer.Option(help="such as healthy, inner_race or ball")] = None,
    severity: Annotated[str | None, typer.Option(help="such as incipient, moderate or severe")] = None,
    rpm: Annotated[float | None, typer.Option(help="measured speed of the shaft")] = None,
    load: Annotated[str | None, typer.Option(help="load on the bearing, as you name it")] = None,
    unit: Annotated[str | None, typer.Option(help="unit of the samples, such as g or m/s2")] = None,
    bearing_model: Annotated[
        str | None, typer.Option(help="such as 'SKF 6205-2RS': its geometry gives the defect frequencies")
    ] = None,
    bearing_id: Annotated[str | None, typer.Option(help="which bearing it was")] = None,
    machine_id: Annotated[str | None, typer.Option(help="which machine it was")] = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Read recordings into a data set; what it holds already is not added again.

    The facts told by options go to recordings of no known source; CWRU and MFPT files tell theirs.
    """
    prepare()
    spec = ImportSpec(
        dataset=dataset,
        paths=tuple(path.expanduser().resolve() for path in paths),
        stated=StatedFacts(
            rate_hz=rate_hz,
            rpm=rpm,
            load=load,
            unit=unit,
            fault_class=fault_class,
            severity=severity,
            bearing_model=bearing_model,
            bearing_id=bearing_id,
            machine_id=machine_id,
        ),
        mixed_rates=mixed_rates,
    )
    with session_scope() as session:
        row_id = request_import(session, get_local_actor(session, via="cli"), spec).id
    if detach:
        print_result({"import": row_id}, f"import {row_id} waits for a worker", as_json)
        return
    state = do_run(JobKind.IMPORT, row_id, f"import {dataset}")
    with read_scope() as session:
        report = get_import_report(session, row_id)
    if as_json:
        print_json({**asdict(report), "mb_per_s": _mb_per_s(report)})
    else:
        _show_import(report)
    if state.status != "completed" or report.errors:
        raise typer.Exit(1)


def _show_import(report: ImportReport) -> None:
    for finding in report.findings:
        console.print(f"[yellow]note:[/yellow] {escape(finding)}")
    for file, error in report.errors.items():
        console.print(f"[red]refused:[/red] {escape(file)}: {escape(error)}")
    if report.error_message:
        console.print(f"[red]error:[/red] {escape(report.error_message)}")
        return
    typer.echo(
        f"{report.dataset}: {report.num_files} files, {report.num_new_signals} new channels, "
        f"{report.num_bytes / 1e6:.1f} MB in {report.duration_s:.2f} s ({_mb_per_s(report):.0f} MB/s), "
        f"{len(report.errors)} refused"
    )


def _mb_per_s(report: ImportReport) -> float:
    return report.num_bytes / 1e6 / report.duration_s if report.duration_s else 0.0


cli.command()(train)
cli.command()(resume)
cli.command()(features)


@cli.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at Python, torch, the database, the disk and the broker; each problem with its mend."""
    checks = list_checks(get_settings())
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        table = Table("", "what", "found", "mend", box=None)
        signs = {
            "ok": "[green]ok[/green]",
            "warning": "[yellow]warning[/yellow]",
            "problem": "[red]problem[/red]",
        }
        for check in checks:
            table.add_row(signs[check.status], check.name, escape(check.detail), escape(check.mend))
        console.print(table, soft_wrap=False)
    if any(check.status == "problem" for check in checks):
        raise typer.Exit(1)
