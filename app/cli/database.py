"""`brinell db`: the database's schema and its backups."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.cli.following import console
from app.cli.output import AsJson, print_result
from core.errors import BrinellError
from core.storage import migrations
from core.storage.backups.making import back_up
from core.storage.backups.manifest import Manifest, OnProgress
from core.storage.backups.restoring import restore as restore_backup
from core.storage.migration_losses import list_losses

db = typer.Typer(no_args_is_help=True, help="The database: its schema and its backups.")

Folder = Annotated[Path, typer.Argument(help="folder of the backup")]


def prepare() -> None:
    """Make the tables of a fresh home; refuse an older or newer database, saying what to do."""
    if migrations.current_revision() is None:
        migrations.upgrade()
    migrations.check_version()


@db.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="revision to bring the database to")] = "head",
) -> None:
    """Bring the database to this version's schema."""
    migrations.upgrade(revision)
    typer.echo(f"the database is at revision {migrations.current_revision()}")


@db.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="older revision to go back to, or base for no tables")],
    yes: Annotated[bool, typer.Option("--yes", help="lose what that revision has no place for")] = False,
) -> None:
    """Take the database back to an older version's schema, once told what that would lose."""
    migrations.refuse_unknown()
    migrations.check_older(revision)
    losses = list_losses(revision)
    if losses and not yes:
        console.print(f"[yellow]going back to {escape(revision)} loses:[/yellow] {escape('; '.join(losses))}")
        typer.confirm("Lose it? (--yes says so beforehand)", abort=True, err=True)
    migrations.downgrade(revision)
    typer.echo(f"the database is at revision {migrations.current_revision() or 'base, without tables'}")


@db.command()
def backup(
    folder: Folder,
    files: Annotated[bool, typer.Option(help="copy recordings, artifacts and uploads too")] = True,
    as_json: AsJson = False,
) -> None:
    """Copy all rows of one moment, and the files, into a folder that any database is restored from."""
    with _progress() as on_progress:
        manifest = back_up(folder, on_progress, with_files=files)
    for name in manifest.missing[:5]:
        console.print(f"[yellow]note:[/yellow] {escape(name)} is named by a row and not on disk")
    if len(manifest.missing) > 5:
        console.print(f"[yellow]note:[/yellow] {len(manifest.missing) - 5} more are listed in the manifest")
    print_result(_summary(folder, manifest), f"backed up {_counted(manifest)} to {folder}", as_json)


@db.command()
def restore(
    folder: Folder,
    replace: Annotated[
        bool, typer.Option("--replace", help="replace the rows that the database holds")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup into this home and its database, SQLite or PostgreSQL; all of it or nothing."""
    with _progress() as on_progress:
        manifest = restore_backup(folder, on_progress, replace=replace)
    print_result(_summary(folder, manifest), f"restored {_counted(manifest)} from {folder}", as_json)


@contextmanager
def _progress() -> Iterator[OnProgress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=None)
            progress.update(bars[what], completed=done, total=total or None)

        yield show
        for bar in bars.values():
            progress.update(bar, total=1, completed=1)


def _summary(folder: Path, manifest: Manifest) -> dict[str, object]:
    return {
        "folder": str(folder),
        "revision": manifest.revision,
        "rows": manifest.rows,
        "files": len(manifest.files),
        "bytes": manifest.rows_size_bytes + sum(file.size_bytes for file in manifest.files),
        "missing": list(manifest.missing),
    }


def _counted(manifest: Manifest) -> str:
    num_bytes = manifest.rows_size_bytes + sum(file.size_bytes for file in manifest.files)
    return (
        f"{sum(manifest.rows.values()):,} rows at revision {manifest.revision} and "
        f"{len(manifest.files):,} files, {num_bytes / 1e6:,.1f} MB"
    )


@db.command()
def seal(as_json: AsJson = False) -> None:
    """Copy the rows of logs that are in no sealed file yet into one, now, and put these files in order."""
    migrations.check_version()
    asked = [sys.executable, "-m", "core.jobs.sealing"]
    done = subprocess.run(asked, stdout=subprocess.PIPE, check=False)  # noqa: S603 - our interpreter and words
    sealed = json.loads(done.stdout or "{}")
    if done.returncode:
        raise BrinellError(sealed.get("error", "sealing ended unfinished; its log is above"))
    told = (
        f"sealed {sealed['rows']:,} rows in {sealed['parts']} files; merged {sealed['merged']}, rewrote "
        f"{sealed['rewritten']}, deleted {sealed['deleted']}; "
        f"{sealed['forgotten']:,} old rows left the database"
    )
    print_result(sealed, told, as_json)
