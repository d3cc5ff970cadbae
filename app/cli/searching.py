"""`brinell search`: a search over hyperparameters asked for, followed, paused, extended and told."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from app.cli.database import prepare
from app.cli.following import Detach, console, do_run
from app.cli.output import AsJson, open_output, print_json, print_result
from app.cli.training import listed, read_spec
from core.campaign_specs import Budget, CampaignSpec, HPOMethod
from core.queries.campaigns.rows import CampaignRow, get_campaign_row, list_campaigns
from core.queries.campaigns.trials import TrialColumns, read_trials
from core.search_spaces import SearchSpace, parse_parameter
from core.services.campaigns import (
    clone_campaign,
    create_campaign,
    extend_campaign,
    pause_campaign,
    resume_campaign,
    stop_campaign,
)
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import NetworkName, SplitKind, SplitSpec, TrainingSpec
from core.storage.database import read_scope, session_scope

search = typer.Typer(
    no_args_is_help=True, help="Searches over hyperparameters; every trial is an experiment."
)

Number = Annotated[int, typer.Argument(min=1, help="the campaign's number")]
SHOWN = 20  # trials of a table, the best first


@search.command()
def start(
    *,
    vary: Annotated[
        list[str],
        typer.Option(help="what is searched: lr=1e-4..1e-1,log or width=8|16|32 or blocks=1..4; repeat it"),
    ],
    method: Annotated[HPOMethod, typer.Option(help="how trials are chosen")] = HPOMethod.BAYESIAN,
    spec: Annotated[
        Path | None,
        typer.Option(help="file with the training that is varied, as `experiments show --json` tells it"),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="data set to train on, where no file says it")] = None,
    channel: Annotated[str | None, typer.Option(help="channel, where the data set has several")] = None,
    label: Annotated[str, typer.Option(help="fault_class, severity or fault_class+severity")] = "fault_class",
    model: Annotated[NetworkName, typer.Option(help="network")] = NetworkName.WDCNN,
    split: Annotated[
        SplitKind, typer.Option(help="what training and test may not share")
    ] = SplitKind.BY_RECORD,
    train_values: Annotated[
        str, typer.Option(help="loads, machines, bearings or severities trained on")
    ] = "",
    test_values: Annotated[str, typer.Option(help="loads, machines, bearings or severities tested on")] = "",
    epochs: Annotated[int, typer.Option(min=1, help="of one trial, at most")] = 8,
    trials: Annotated[int | None, typer.Option(min=1, help="how many trials, at most")] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="how long, at most")] = None,
    total_epochs: Annotated[int | None, typer.Option(min=1, help="epochs of all trials, at most")] = None,
    metric: Annotated[
        str, typer.Option(help="what is searched for, on the validation side")
    ] = "val_accuracy",
    parallel: Annotated[
        int | None, typer.Option(min=1, show_default="one a core", help="trials side by side")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the search; trials have their own")] = 0,
    name: Annotated[str | None, typer.Option(help="name of the campaign; made up where left out")] = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Search hyperparameters of a training by grid, at random, by TPE or by Hyperband."""
    prepare()
    if spec is None and dataset is None:
        raise typer.BadParameter("name the --dataset to train on, or a file with a training by --spec")
    base = (
        read_spec(spec)
        if spec is not None
        else TrainingSpec(
            dataset=dataset or "",
            channel=channel,
            label=label,  # type: ignore[arg-type]  # the spec checks it and says what it takes
            model=model,
            split=SplitSpec(kind=split, train_values=listed(train_values), test_values=listed(test_values)),
            epochs=epochs,
        )
    )
    asked = CampaignSpec(
        base=base,
        method=method,
        space=_read_space(vary),
        budget=Budget(max_trials=trials, max_seconds=seconds, max_epochs=total_epochs, metric=metric),
        seed=seed,
        parallel=parallel,
    )
    with session_scope() as session:
        row_id = create_campaign(session, get_local_actor(session, via="cli"), asked, name).id
    _follow(row_id, detach, as_json)


def _read_space(vary: list[str]) -> SearchSpace:
    space: SearchSpace = {}
    for text in vary:
        key, parameter = parse_parameter(text)
        if key in space:
            raise typer.BadParameter(f"--vary names {key} twice; name it once")
        space[key] = parameter
    return space


@search.command("list")
def list_(as_json: AsJson = False) -> None:
    """List campaigns, newest first."""
    prepare()
    with read_scope() as session:
        rows = list_campaigns(session)
    if as_json:
        print_json([_as_json(row) for row in rows])
        return
    table = Table("", "campaign", "method", "status", "trials", "best", "took", box=None)
    for row in rows:
        best = "" if row.best_accuracy is None else f"{row.best_accuracy:.2%}"
        cells = (row.name, row.method, row.status, _progress(row), best, f"{row.spent_s:,.0f} s")
        table.add_row(str(row.id), *map(escape, cells))
    open_output().print(table)


def _progress(row: CampaignRow) -> str:
    return f"{row.trials_done:,}" + ("" if row.trials_total is None else f" of {row.trials_total:,}")


@search.command()
def show(campaign: Number, as_json: AsJson = False) -> None:
    """Tell what a campaign found, its best trials first."""
    prepare()
    _show(campaign, as_json)


@search.command()
def pause(campaign: Number) -> None:
    """Have a campaign rest; trials stop after their epoch and keep their state."""
    prepare()
    with session_scope() as session:
        pause_campaign(session, get_local_actor(session, via="cli"), campaign)
    typer.echo(f"campaign {campaign} is paused; go on with it: brinell search resume {campaign}")


@search.command()
def resume(campaign: Number, detach: Detach = False, as_json: AsJson = False) -> None:
    """Go on with a paused, failed or stopped campaign where it was."""
    prepare()
    with session_scope() as session:
        resume_campaign(session, get_local_actor(session, via="cli"), campaign)
    _follow(campaign, detach, as_json)


@search.command()
def extend(
    campaign: Number,
    *,
    trials: Annotated[int | None, typer.Option(min=1, help="how many trials now, at most")] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="how long now, at most")] = None,
    total_epochs: Annotated[int | None, typer.Option(min=1, help="epochs of all trials now, at most")] = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Raise a campaign's budget; one that has ended goes on."""
    prepare()
    with session_scope() as session:
        extend_campaign(
            session,
            get_local_actor(session, via="cli"),
            campaign,
            max_trials=trials,
            max_seconds=seconds,
            max_epochs=total_epochs,
        )
    with read_scope() as session:
        status = get_campaign_row(session, campaign).status
    if status == "pending":
        _follow(campaign, detach, as_json)
    else:
        typer.echo(f"campaign {campaign} is {status} and has the larger budget")


@search.command()
def stop(campaign: Number) -> None:
    """End a campaign with what it has."""
    prepare()
    with session_scope() as session:
        stop_campaign(session, get_local_actor(session, via="cli"), campaign)
    typer.echo(f"campaign {campaign} was stopped; what it found is kept: brinell search show {campaign}")


@search.command()
def clone(
    campaign: Number,
    *,
    method: Annotated[HPOMethod | None, typer.Option(help="another method")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="another seed")] = None,
    name: Annotated[str | None, typer.Option(help="name of the new campaign")] = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Search the same space with the same budget again, by another method or seed."""
    prepare()
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        row_id = clone_campaign(session, actor, campaign, name, method=method, seed=seed).id
    _follow(row_id, detach, as_json)


def _follow(row_id: int, detach: bool, as_json: bool) -> None:
    with read_scope() as session:
        name = get_campaign_row(session, row_id).name
    if detach:
        print_result({"campaign": row_id, "name": name}, f"campaign {row_id} waits for a worker", as_json)
        return
    state = do_run(JobKind.SEARCH, row_id, name)
    _show(row_id, as_json)
    if state.status != "completed":
        raise typer.Exit(1)


def _show(row_id: int, as_json: bool) -> None:
    with read_scope() as session:
        row, trials = get_campaign_row(session, row_id), read_trials(session, row_id)
    if as_json:
        print_json({**_as_json(row), "trials": _trials_json(trials)})
        return
    if row.error_message:
        console.print(f"[red]{row.status}:[/red] {escape(row.error_message)}")
    counts = ", ".join(f"{count} {state}" for state, count in sorted(row.counts.items()))
    told = f"{row.status}, {counts or 'no trials'}; {row.epochs} epochs, {row.spent_s:.1f} s"
    typer.echo(f"campaign {row.id} {row.name}: {told}")
    if row.best_experiment_id is not None:
        typer.echo(
            f"best {row.metric} {row.best_value:.4f} by experiment {row.best_experiment_id}: "
            f"brinell experiments show {row.best_experiment_id}"
        )
    _print_trials(row, trials)
    settings = get_settings()
    typer.echo(
        f"see it, while brinell serve or demo runs: http://{settings.host}:{settings.port}/campaigns?campaign={row.id}"
    )


def _print_trials(row: CampaignRow, trials: TrialColumns) -> None:
    order = np.argsort(-trials.value if row.direction == "max" else trials.value)  # NaN comes last
    table = Table("trial", "experiment", "state", row.metric, "epochs", *trials.parameters, box=None)
    for i in order[:SHOWN]:
        value = "" if trials.value[i] != trials.value[i] else f"{trials.value[i]:.4f}"
        told = [_tell(column[i]) for column in trials.parameters.values()]
        cells = (
            str(trials.number[i]),
            str(trials.experiment_id[i] or ""),
            trials.state[i],
            value,
            str(trials.epochs[i]),
        )
        table.add_row(*map(escape, (*cells, *told)))
    open_output().print(table)
    if len(order) > SHOWN:
        typer.echo(f"and {len(order) - SHOWN:,} more")


def _tell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value or "")


def _as_json(row: CampaignRow) -> dict[str, Any]:
    return {
        "campaign": row.id,
        "name": row.name,
        "method": row.method,
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
    }


def _trials_json(trials: TrialColumns) -> list[dict[str, Any]]:
    return [
        {
            "trial": int(trials.number[i]),
            "experiment": trials.experiment_id[i],
            "state": trials.state[i],
            "value": None if trials.value[i] != trials.value[i] else float(trials.value[i]),
            "epochs": int(trials.epochs[i]),
            "reason": trials.reason[i] or None,
            "parameters": {name: column[i] for name, column in trials.parameters.items()},
        }
        for i in range(len(trials))
    ]
