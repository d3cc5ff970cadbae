"""`brinell search`: a search over hyperparameters asked for, followed, paused, extended and told."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.campaigns import CampaignGroup, Number, ToldTrials, add_acts
from app.cli.database import prepare
from app.cli.following import Detach, console
from app.cli.output import AsJson, print_result
from app.cli.training import listed, read_spec
from core.campaign_specs import Budget, CampaignSpec, HPOMethod
from core.errors import BrinellError, InvalidInputError
from core.processes import start_tied
from core.queries.campaigns.rows import CampaignRow, get_campaign_row, list_campaigns
from core.queries.campaigns.trials import read_trials
from core.search_spaces import SearchSpace, parse_parameter
from core.services.campaigns import clone_campaign, create_campaign
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.specs import NetworkName, SplitKind, SplitSpec, TrainingSpec
from core.storage.database import session_scope

search = typer.Typer(
    no_args_is_help=True, help="Searches over hyperparameters; every trial is an experiment."
)


def _read_trials(session: Any, row: CampaignRow) -> ToldTrials:
    trials = read_trials(session, row.id)
    return ToldTrials(trials, shown=trials.parameters, stated={})


GROUP = CampaignGroup(
    kind=JobKind.SEARCH,
    group="search",
    page="/campaigns",
    method="method",
    read_row=get_campaign_row,
    list_rows=list_campaigns,
    read_trials=_read_trials,
)


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
    GROUP.follow(row_id, detach=detach, as_json=as_json)


def _read_space(vary: list[str]) -> SearchSpace:
    space: SearchSpace = {}
    for text in vary:
        try:
            key, parameter = parse_parameter(text)
        except InvalidInputError as error:
            raise typer.BadParameter(str(error)) from error
        if key in space:
            raise typer.BadParameter(f"--vary names {key} twice; name it once")
        space[key] = parameter
    return space


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
    GROUP.follow(row_id, detach=detach, as_json=as_json)


@search.command("import")
def import_(
    storage: Annotated[str, typer.Argument(help="a journal file of Optuna's, or sqlite:///PATH")],
    *,
    dataset: Annotated[str, typer.Option(help="data set that the study is about")],
    study: Annotated[str | None, typer.Option(help="which study, where the file holds several")] = None,
    metric: Annotated[str, typer.Option(help="what the study looks for")] = "val_accuracy",
    name: Annotated[str | None, typer.Option(help="name of the campaign; else the study's")] = None,
    as_json: AsJson = False,
) -> None:
    """Enter a study of Optuna's, its trials as experiments; importing again adds only what is new."""
    prepare()
    told = _import(storage, study or "", dataset, metric, name or "")
    for finding in told["findings"]:
        console.print(f"[yellow]note:[/yellow] {escape(finding)}")
    print_result(
        told,
        f"campaign {told['campaign']} {told['name']}: {told['new']:,} trials entered, {told['known']:,} "
        f"known already; see them: brinell search show {told['campaign']}",
        as_json,
    )


def _import(storage: str, *words: str) -> dict[str, Any]:
    """Have a process of its own read the study: what reads it loads Optuna."""
    process = start_tied("core.jobs.study_import", storage, *words, piped=True)
    out, _ = process.communicate()
    if process.returncode != 0:
        raise BrinellError(f"{storage} was not imported; the reason stands above")
    told: dict[str, Any] = json.loads(out)
    return told


add_acts(search, GROUP)
