"""`brinell runs`: runs of other programs brought in, and experiments taken out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.cli.database import prepare
from app.cli.following import console
from app.cli.output import AsJson, print_json, print_result
from core.interchange.exports import ExportForm, export_runs
from core.interchange.imports import OnProgress, RunImport, import_runs
from core.services.experiment_imports import Outcome
from core.storage.foreign.records import Role

runs = typer.Typer(no_args_is_help=True, help="Runs of other programs in, experiments out.")

SHOWN = 20  # lines of a preview, findings of an import
PARTS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


@runs.command("import")
def import_(
    paths: Annotated[
        list[Path],
        typer.Argument(help="mlflow.db, mlruns/, folders of TensorBoard or W&B, tables in CSV or JSON lines"),
    ],
    *,
    dataset: Annotated[
        str | None, typer.Option(help="data set that the runs are about; else as they say")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="tag for all of them; may be repeated")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help=f"what a table's column holds, as NAME=ROLE: {', '.join(Role)}"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="show what would be entered; write nothing")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Enter other programs' runs as experiments; importing again adds only what is new."""
    prepare()
    with _progress("reading" if dry_run else "importing") as on_progress:
        report = import_runs(
            paths,
            via="cli",
            dataset=dataset,
            tags=tag or (),
            roles=dict(map(_role, column or ())),
            dry_run=dry_run,
            on_progress=on_progress,
        )
    if as_json:
        print_json({**asdict(report), **_counts(report)})
    else:
        _show(report, dry_run=dry_run)
    if report.refused:
        raise typer.Exit(1)


def _role(stated: str) -> tuple[str, Role]:
    name, _, role = stated.rpartition("=")
    if not name or role not in set(Role):
        raise typer.BadParameter(f"--column {stated} should be NAME=ROLE, the role one of {', '.join(Role)}")
    return name, Role(role)


@runs.command()
def export(
    to: Annotated[str, typer.Argument(help="folder, or the address of an MLflow server (http://...)")],
    *,
    form: Annotated[
        ExportForm, typer.Option("--format", help="tables, or MLflow's file store or server")
    ] = ExportForm.CSV,
    search: Annotated[str, typer.Option(help="which experiments, in the search language; else all")] = "",
    experiment: Annotated[
        str, typer.Option(help="the experiment of MLflow that the runs go into")
    ] = "brinell",
    as_json: AsJson = False,
) -> None:
    """Take experiments with their histories out, for spreadsheets, data frames or MLflow."""
    prepare()
    with _progress("exporting") as on_progress:
        report = export_runs(to, form, search=search, experiment=experiment, on_progress=on_progress)
    for finding in report.findings[:SHOWN]:
        console.print(f"[yellow]note:[/yellow] {escape(finding)}")
    known = f", {report.num_known:,} were there already"
    if form is not ExportForm.MLFLOW:  # tables are written whole each time
        known = ", replaced the earlier export" if report.has_replaced else ""
    text = f"{report.num_new:,} experiments exported{known}; {report.num_values:,} values"
    print_result(asdict(report), text, as_json)


@contextmanager
def _progress(title: str) -> Iterator[OnProgress]:
    with Progress(*PARTS, console=console) as progress:
        bar = progress.add_task(title, total=None)
        yield lambda done, known: progress.update(bar, completed=done, total=max(done, known))


def _counts(report: RunImport) -> dict[str, int]:
    return {outcome.value: report.count(outcome) for outcome in Outcome} | {"values": report.num_values}


def _show(report: RunImport, *, dry_run: bool) -> None:
    for name, roles in report.columns.items():
        told = ", ".join(f"{column} is {role.value}" for column, role in roles.items())
        console.print(f"[yellow]columns[/yellow] of {escape(name)}: {escape(told)}")
    if dry_run:
        _show_table(report)
    told = [line for line in report.lines if line.outcome != Outcome.KNOWN]
    notes = [(line.name, finding) for line in told for finding in line.findings]
    for remark in report.remarks:
        console.print(f"[yellow]note:[/yellow] {escape(remark)}")
    for name, finding in notes[:SHOWN]:
        console.print(f"[yellow]note:[/yellow] {escape(name)}: {escape(finding)}")
    if len(notes) > SHOWN:
        console.print(f"[yellow]note:[/yellow] {len(notes) - SHOWN:,} more; each experiment has its own")
    for name, why in report.refused.items():
        console.print(f"[red]left out:[/red] {escape(name)}: {escape(why)}")
    counts = _counts(report)
    typer.echo(
        f"{counts['new']:,} runs {'would be entered' if dry_run else 'entered'}, "
        f"{counts['grown']:,} gone on with, {counts['known']:,} known already, "
        f"{counts['kept']:,} of other users left as they are, {len(report.refused):,} left out; "
        f"{counts['values']:,} values read"
    )


def _show_table(report: RunImport) -> None:
    table = Table("", "run", "of", "status", "epochs", "metrics", "values", "parameters", box=None)
    for line in report.lines[:SHOWN]:
        numbers = (line.epochs, line.metrics, line.values, line.parameters)
        texts = (line.outcome, line.name, line.group or line.source, line.status)
        table.add_row(*map(escape, texts), *(f"{number:,}" for number in numbers))
    console.print(table)
    if len(report.lines) > SHOWN:
        console.print(f"and {len(report.lines) - SHOWN:,} more")
