"""What may be done with campaigns of either kind: listed, shown, paused, resumed, extended and stopped."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from app.cli.database import prepare
from app.cli.following import Detach, console, do_run
from app.cli.output import AsJson, open_output, print_json, print_result
from core.queries.campaigns.rows import CampaignRow
from core.queries.campaigns.trials import TrialColumns
from core.services.campaigns import WHAT, extend_campaign, pause_campaign, resume_campaign, stop_campaign
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.settings import get_settings
from core.storage.database import read_scope, session_scope

Number = Annotated[int, typer.Argument(min=1, help="the campaign's number")]
SHOWN = 20  # trials of a table, the best first


@dataclass(frozen=True, slots=True)
class ToldTrials:
    """A campaign's trials, and what its kind alone tells of them: one entry a trial."""

    columns: TrialColumns
    shown: Mapping[str, Sequence[Any]]  # further columns of the table
    stated: Mapping[str, Sequence[Any]]  # further entries of the JSON
    notes: Sequence[str] = ()  # lines above the table


@dataclass(frozen=True, slots=True)
class CampaignGroup:
    """One kind of campaign as it is typed: `brinell GROUP ...`."""

    kind: JobKind
    group: str
    page: str
    method: str  # what its way of choosing trials is called
    read_row: Callable[[Any, int], Any]
    list_rows: Callable[[Any], Sequence[Any]]
    read_trials: Callable[[Any, Any], ToldTrials]
    further: Sequence[str] = field(default=())  # fields of its rows that the JSON tells, too

    @property
    def what(self) -> str:
        """What one is called in a sentence."""
        return WHAT[self.kind]

    def follow(self, row_id: int, *, detach: bool, as_json: bool) -> None:
        """Carry a waiting campaign out here and show what it found, or leave it to a worker."""
        with read_scope() as session:
            name = self.read_row(session, row_id).name
        if detach:
            told = f"{self.what} {row_id} waits for a worker"
            print_result({"campaign": row_id, "name": name}, told, as_json)
            return
        state = do_run(self.kind, row_id, name)
        self.show(row_id, as_json=as_json)
        if state.status != "completed":
            raise typer.Exit(1)

    def show(self, row_id: int, *, as_json: bool) -> None:
        """Tell what a campaign found."""
        with read_scope() as session:
            row = self.read_row(session, row_id)
            trials = self.read_trials(session, row)
        if as_json:
            print_json({**self.tell_row(row), "trials": _trials_json(trials)})
        else:
            self._show(row, trials)

    def tell_row(self, row: CampaignRow) -> dict[str, Any]:
        """Return a campaign as JSON."""
        return {
            "campaign": row.id,
            "name": row.name,
            self.method: row.method,
            "status": row.status,
            "metric": row.metric,
            "counts": row.counts,
            "trials_total": row.trials_total,
            "best_value": row.best_value,
            "best_accuracy": row.best_accuracy,
            "best_experiment": row.best_experiment_id,
            "epochs": row.epochs,
            "spent_s": row.spent_s,
            "error_message": row.error_message,
            **{name: getattr(row, name) for name in self.further},
        }

    def _show(self, row: CampaignRow, trials: ToldTrials) -> None:
        if row.error_message:
            console.print(f"[red]{row.status}:[/red] {escape(row.error_message)}")
        counts = ", ".join(f"{count} {state}" for state, count in sorted(row.counts.items()))
        told = f"{row.status}, {counts or 'no trials'}; {row.epochs} epochs, {row.spent_s:.1f} s"
        typer.echo(f"{self.what} {row.id} {row.name}: {told}")
        if row.best_experiment_id is not None:
            typer.echo(
                f"best {row.metric} {row.best_value:.4f} by experiment {row.best_experiment_id}: "
                f"brinell experiments show {row.best_experiment_id}"
            )
        for note in trials.notes:
            typer.echo(note)
        _print_trials(row, trials)
        settings = get_settings()
        typer.echo(
            "see it, while brinell serve or demo runs: "
            f"http://{settings.host}:{settings.port}{self.page}?campaign={row.id}"
        )


def add_acts(commands: typer.Typer, group: CampaignGroup) -> None:
    """Add what campaigns of either kind understand."""
    for name, make in (("list", _make_list), ("show", _make_show), ("pause", _make_pause)):
        commands.command(name)(make(group))
    for name, make in (("resume", _make_resume), ("extend", _make_extend), ("stop", _make_stop)):
        commands.command(name)(make(group))


def _make_list(group: CampaignGroup) -> Callable[..., None]:
    def list_(as_json: AsJson = False) -> None:
        """List campaigns, newest first."""
        prepare()
        with read_scope() as session:
            rows = group.list_rows(session)
        if as_json:
            print_json([group.tell_row(row) for row in rows])
            return
        table = Table("", "campaign", group.method, "status", "trials", "best", "took", box=None)
        for row in rows:
            best = "" if row.best_accuracy is None else f"{row.best_accuracy:.2%}"
            cells = (row.name, row.method, row.status, _progress(row), best, f"{row.spent_s:,.0f} s")
            table.add_row(str(row.id), *map(escape, cells))
        open_output().print(table)

    return list_


def _progress(row: CampaignRow) -> str:
    return f"{row.trials_done:,}" + ("" if row.trials_total is None else f" of {row.trials_total:,}")


def _make_show(group: CampaignGroup) -> Callable[..., None]:
    def show(campaign: Number, as_json: AsJson = False) -> None:
        """Tell what a campaign found, its best trials first."""
        prepare()
        group.show(campaign, as_json=as_json)

    return show


def _make_pause(group: CampaignGroup) -> Callable[..., None]:
    def pause(campaign: Number) -> None:
        """Have a campaign rest; trials stop after their epoch and keep their state."""
        prepare()
        with session_scope() as session:
            pause_campaign(session, get_local_actor(session, via="cli"), campaign, group.kind)
        typer.echo(
            f"{group.what} {campaign} is paused; go on with it: brinell {group.group} resume {campaign}"
        )

    return pause


def _make_resume(group: CampaignGroup) -> Callable[..., None]:
    def resume(campaign: Number, detach: Detach = False, as_json: AsJson = False) -> None:
        """Go on with a paused, failed or stopped campaign where it was."""
        prepare()
        with session_scope() as session:
            resume_campaign(session, get_local_actor(session, via="cli"), campaign, group.kind)
        group.follow(campaign, detach=detach, as_json=as_json)

    return resume


def _make_extend(group: CampaignGroup) -> Callable[..., None]:
    def extend(
        campaign: Number,
        *,
        trials: Annotated[int | None, typer.Option(min=1, help="how many trials now, at most")] = None,
        seconds: Annotated[float | None, typer.Option(min=1, help="how long now, at most")] = None,
        total_epochs: Annotated[
            int | None, typer.Option(min=1, help="epochs of all trials now, at most")
        ] = None,
        detach: Detach = False,
        as_json: AsJson = False,
    ) -> None:
        """Raise a campaign's budget; one that has ended goes on."""
        prepare()
        given = {"max_trials": trials, "max_seconds": seconds, "max_epochs": total_epochs}
        with session_scope() as session:
            actor = get_local_actor(session, via="cli")
            extend_campaign(session, actor, campaign, group.kind, **given)  # type: ignore[arg-type]  # by name
        with read_scope() as session:
            status = group.read_row(session, campaign).status
        if status == "pending":
            group.follow(campaign, detach=detach, as_json=as_json)
        else:
            typer.echo(f"{group.what} {campaign} is {status} and has the larger budget")

    return extend


def _make_stop(group: CampaignGroup) -> Callable[..., None]:
    def stop(campaign: Number) -> None:
        """End a campaign with what it has."""
        prepare()
        with session_scope() as session:
            stop_campaign(session, get_local_actor(session, via="cli"), campaign, group.kind)
        typer.echo(
            f"{group.what} {campaign} was stopped; what it found is kept: "
            f"brinell {group.group} show {campaign}"
        )

    return stop


def _print_trials(row: CampaignRow, told: ToldTrials) -> None:
    trials = told.columns
    order = np.argsort(-trials.value if row.direction == "max" else trials.value)  # NaN comes last
    table = Table("trial", "experiment", "state", row.metric, "epochs", *told.shown, box=None)
    for i in order[:SHOWN]:
        value = "" if math.isnan(trials.value[i]) else f"{trials.value[i]:.4f}"
        cells = (
            str(trials.number[i]),
            str(trials.experiment_id[i] or ""),
            trials.state[i],
            value,
            str(trials.epochs[i]),
        )
        table.add_row(*map(escape, (*cells, *(_tell(column[i]) for column in told.shown.values()))))
    open_output().print(table)
    if len(order) > SHOWN:
        typer.echo(f"and {len(order) - SHOWN:,} more")


def _tell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value or "")


def _trials_json(told: ToldTrials) -> list[dict[str, Any]]:
    trials = told.columns
    return [
        {
            "trial": int(trials.number[i]),
            "experiment": trials.experiment_id[i],
            "state": trials.state[i],
            "value": _json_number(trials.value[i]),
            "epochs": int(trials.epochs[i]),
            "reason": trials.reason[i] or None,
            **{name: _json_number(column[i]) for name, column in told.stated.items()},
            "parameters": {name: column[i] for name, column in trials.parameters.items()},
        }
        for i in range(len(trials))
    ]


def _json_number(value: Any) -> Any:
    """Return a number as JSON has it, None for NaN; anything else as it is."""
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    return value
