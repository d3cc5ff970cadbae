"""`brinell experiments`: the explorer of experiments, from a shell."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.database import prepare
from app.cli.following import console
from app.cli.output import AsJson, open_output, print_json, print_result
from core.queries.experiments import get_experiment_detail
from core.queries.explorer import Page, list_page
from core.queries.tags import TagRow, tags_of
from core.services.experiment_deletion import DeletionPlan, delete_experiments, plan_deletion
from core.services.experiment_lifecycle import archive_experiments, restore_experiments
from core.services.experiment_notes import append_notes, write_notes
from core.services.tags import add_tags, remove_tags
from core.services.users import get_local_actor
from core.specs import MOST_ID
from core.storage.database import read_scope, session_scope

experiments = typer.Typer(no_args_is_help=True, help="Experiments: found, shown, tagged, put away, deleted.")

Ids = Annotated[list[int], typer.Argument(min=1, max=MOST_ID, help="the experiments' numbers")]
ROWS = 25


@experiments.command("list")
def list_(
    search: Annotated[str, typer.Argument(help="such as 'tag:baseline val_accuracy>0.9'; empty: all")] = "",
    *,
    sort: Annotated[
        str | None, typer.Option(help="column, metric or hyperparameter, such as val_loss")
    ] = None,
    ascending: Annotated[bool, typer.Option("--ascending", help="smallest first")] = False,
    column: Annotated[
        list[str] | None, typer.Option(help="more to show, such as lr or last.val_loss; may be repeated")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="rows")] = ROWS,
    offset: Annotated[int, typer.Option(min=0, help="rows left out before them")] = 0,
    archived: Annotated[bool, typer.Option("--archived", help="those put away, and no other")] = False,
    as_json: AsJson = False,
) -> None:
    """List experiments that a search finds, the newest first."""
    prepare()
    with session_scope() as session:
        actor_id = get_local_actor(session, via="cli").user_id
    with read_scope() as session:
        found = list_page(
            session, search, archived=archived, sort=sort, descending=not ascending, limit=limit,
            offset=offset, columns=column or (), actor_id=actor_id,
        )  # fmt: skip
    if as_json:
        rows = [asdict(row) | {"values": _plain(found.values[row.id])} for row in found.rows]
        print_json({"total": found.total, "rows": rows})
    else:
        _show_page(found, column or [])


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _names(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _names(tags: tuple[TagRow, ...]) -> list[str]:
    return [tag.name for tag in tags]


def _show_page(found: Page, columns: list[str]) -> None:
    heads = ("#", "state", "name", "model", "data set", "split", "val.", "test")
    table = Table(*heads, *map(escape, columns), box=None)
    for row in found.rows:
        told = (
            row.id,
            row.status,
            row.name,
            row.model,
            row.dataset,
            row.split,
            row.val_accuracy,
            row.test_accuracy,
        )
        values = _plain(found.values[row.id])
        table.add_row(*(escape(_word(each)) for each in (*told, *(values[name] for name in columns))))
    open_output().print(table)
    typer.echo(f"{len(found.rows)} of {found.total:,}")


def _word(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(_word, value)) if isinstance(value, list) else "" if value is None else str(value)


@experiments.command()
def show(
    experiment: Annotated[int, typer.Argument(min=1, max=MOST_ID, help="the experiment's number")],
    as_json: AsJson = False,
) -> None:
    """Show one experiment: how it stands, what it was given, what was measured, its tags and notes."""
    prepare()
    with read_scope() as session:
        detail = get_experiment_detail(session, experiment)
        tags = _names(tags_of(session, [experiment])[experiment])
    row = detail.row
    told: dict[str, Any] = asdict(row) | {
        "hyperparameters": detail.hyperparameters,
        "metrics": detail.metrics,
        "best_epoch": detail.best_epoch,
        "tags": tags,
        "notes": detail.notes,
        "findings": list(detail.findings),
        "error_message": detail.error_message,
        "files": [asdict(file) for file in detail.artifacts],
    }
    if as_json:
        print_json(told)
        return
    _echo_lines({name: value for name, value in told.items() if name != "notes"})
    if detail.notes:
        typer.echo(f"\n{detail.notes}")


def _echo_lines(told: dict[str, Any], indent: str = "") -> None:
    """Print what is told a line each, mappings and lists of them indented below their names."""
    for name, value in told.items():
        is_nested = isinstance(value, list) and any(isinstance(each, dict | list) for each in value)
        parts = {str(n): each for n, each in enumerate(value, 1)} if is_nested else value
        if isinstance(parts, dict) and parts:
            typer.echo(f"{indent}{name}:")
            _echo_lines(parts, f"{indent}  ")
        elif value not in (None, "", [], {}):
            typer.echo(f"{indent}{name}: {_word(value)}")


@experiments.command()
def archive(ids: Ids, as_json: AsJson = False) -> None:
    """Put experiments away: they leave lists, counts and searches, and nothing of them is lost."""
    prepare()
    with session_scope() as session:
        count = archive_experiments(session, get_local_actor(session, via="cli"), ids)
    print_result({"archived": count}, f"{count} archived", as_json)


@experiments.command()
def restore(ids: Ids, as_json: AsJson = False) -> None:
    """Take archived experiments out again."""
    prepare()
    with session_scope() as session:
        count = restore_experiments(session, get_local_actor(session, via="cli"), ids)
    print_result({"restored": count}, f"{count} restored", as_json)


@experiments.command()
def delete(
    ids: Ids,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="delete without being asked")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete ended or archived experiments for good, with their epochs and files, once told what goes."""
    prepare()
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        plan = plan_deletion(session, actor, ids)
    if not yes:
        console.print(f"[yellow]this deletes for good:[/yellow] {_tell(plan)}")
        typer.confirm("Delete it? (--yes says so beforehand)", abort=True, err=True)
    for step in plan.steps:
        with session_scope() as session:
            delete_experiments(session, actor, step)
    told = {"deleted": plan.experiments, "rows": plan.rows, "file_bytes": plan.artifact_bytes}
    print_result(told, f"deleted: {_tell(plan)}", as_json)


def _tell(plan: DeletionPlan) -> str:
    runs = f"{plan.experiments:,} {'experiment' if plan.experiments == 1 else 'experiments'}"
    files = f"{plan.artifacts:,} files ({plan.artifact_bytes / 1e6:.1f} MB)"
    return f"{runs} with {plan.rows['training_runs']:,} epochs and {files}"


@experiments.command()
def tag(
    ids: Ids,
    *,
    add: Annotated[list[str] | None, typer.Option(help="tag to put on; may be repeated")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="tag to take off; may be repeated")] = None,
    as_json: AsJson = False,
) -> None:
    """Put tags on experiments and take tags off; one not known yet is made."""
    if not add and not remove:
        raise typer.BadParameter("name a tag, with --add or --remove")
    prepare()
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        added = add_tags(session, actor, ids, add) if add else 0
        removed = remove_tags(session, actor, ids, remove) if remove else 0
    print_result({"added": added, "removed": removed}, f"{added} put on, {removed} taken off", as_json)


@experiments.command()
def note(
    ids: Ids,
    *,
    text: Annotated[str, typer.Option(help="Markdown")],
    replace: Annotated[bool, typer.Option("--replace", help="instead of the notes there are")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a paragraph to experiments' notes, or replace them; an empty text with --replace removes them."""
    prepare()
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        if replace:
            for experiment_id in ids:
                write_notes(session, actor, experiment_id, text)
        else:
            append_notes(session, actor, ids, text)
    print_result({"noted": len(ids)}, f"{len(ids)} noted", as_json)
