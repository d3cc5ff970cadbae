"""`brinell nas`: a search over architectures asked for, followed, told, and its best taken away as code."""

import json
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.campaigns import CampaignGroup, Number, ToldTrials, add_acts
from app.cli.database import prepare
from app.cli.following import Detach
from app.cli.output import AsJson, print_result
from app.cli.training import listed, read_spec
from core.campaign_specs import Budget, NASAlgorithm, NASSpec
from core.errors import BrinellError, InvalidInputError
from core.network_specs import ArchitectureSpace
from core.processes import start_tied
from core.queries.architectures.rows import (
    ArchitectureCampaignRow,
    get_architecture_campaign,
    list_architecture_campaigns,
)
from core.queries.architectures.trials import get_trial_place, read_architecture_trials
from core.services.campaigns import clone_campaign, create_campaign
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.specs import NetworkName, SplitKind, SplitSpec, TrainingSpec
from core.storage.database import read_scope, session_scope

architectures = typer.Typer(
    no_args_is_help=True, help="Searches over architectures; every trial is an experiment."
)

EPOCHS = 8  # of one trial, where neither a file nor an option says
HASH_SHOWN = 8  # digits


def _read_trials(session: Any, row: ArchitectureCampaignRow) -> ToldTrials:
    trials = read_architecture_trials(session, row.id)
    shown = {
        "parameters": [_amount(each) for each in trials.num_parameters],
        "MFLOPs": [_amount(each / 1e6, 2) for each in trials.flops],
        "latency ms": [_amount(each, 3) for each in trials.latency_ms],
        "hash": [each[:HASH_SHOWN] for each in trials.hash],
        "parent": ["" if each is None else str(each) for each in trials.parent],
        "mutated": trials.mutated,
    }
    stated: dict[str, Any] = {
        "hash": trials.hash,
        "accuracy": trials.accuracy,
        "num_parameters": trials.num_parameters,
        "flops": trials.flops,
        "size_mb": trials.size_mb,
        "latency_ms": trials.latency_ms,
        "parent": trials.parent,
        "mutated": [each or None for each in trials.mutated],
        "avoided": trials.avoided,
        "architecture": trials.architecture,
    }
    return ToldTrials(trials, shown, stated, _notes(row))


def _amount(value: float, digits: int = 0) -> str:
    return "" if value != value else f"{value:,.{digits}f}"  # noqa: PLR0124 - NaN alone differs from itself


def _notes(row: ArchitectureCampaignRow) -> list[str]:
    notes = []
    if row.best_trial is not None:
        notes.append(f"take the best away as code: brinell nas export {row.id} --to FOLDER")
    if row.num_avoided:
        notes.append(
            f"{row.num_avoided:,} architectures were drawn that had been trained already; they cost no trial"
        )
    return notes


GROUP = CampaignGroup(
    kind=JobKind.NAS,
    group="nas",
    page="/architectures",
    method="algorithm",
    read_row=get_architecture_campaign,
    list_rows=list_architecture_campaigns,
    read_trials=_read_trials,
    further=("best_trial", "num_avoided"),
)


@architectures.command()
def start(
    *,
    trials: Annotated[int, typer.Option(min=1, help="how many architectures are trained, at most")],
    algorithm: Annotated[
        NASAlgorithm, typer.Option(help="how architectures are chosen")
    ] = NASAlgorithm.EVOLUTION,
    spec: Annotated[
        Path | None,
        typer.Option(help="file with a training, as `experiments show --json` tells it; its model is left"),
    ] = None,
    space: Annotated[
        Path | None,
        typer.Option(help="file with what may be chosen, as JSON: kinds, kernels, widths, max_cells ..."),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="data set to train on, where no file says it")] = None,
    channel: Annotated[str | None, typer.Option(help="channel, where the data set has several")] = None,
    label: Annotated[str, typer.Option(help="fault_class, severity or fault_class+severity")] = "fault_class",
    split: Annotated[
        SplitKind, typer.Option(help="what training and test may not share")
    ] = SplitKind.BY_RECORD,
    train_values: Annotated[
        str, typer.Option(help="loads, machines, bearings or severities trained on")
    ] = "",
    test_values: Annotated[str, typer.Option(help="loads, machines, bearings or severities tested on")] = "",
    epochs: Annotated[
        int | None,
        typer.Option(min=1, show_default=f"the file's, else {EPOCHS}", help="of one trial, at most"),
    ] = None,
    lr: Annotated[
        float | None, typer.Option(show_default="the file's, else the usual", help="learning rate")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="how long, at most")] = None,
    parallel: Annotated[
        int | None, typer.Option(min=1, show_default="one a core", help="trials side by side")
    ] = None,
    population: Annotated[
        int, typer.Option(min=2, help="evolution: among how many of the latest parents are")
    ] = 10,
    seed: Annotated[int, typer.Option(min=0, help="of the search; trials have their own")] = 0,
    name: Annotated[str | None, typer.Option(help="name of the search; made up where left out")] = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Search networks of cells at random, by regularised evolution or by TPE."""
    prepare()
    if (spec is None) == (dataset is None):
        raise typer.BadParameter("name the --dataset to train on, or a file with a training by --spec")
    base = (
        read_spec(spec)
        if spec is not None
        else TrainingSpec(
            dataset=dataset or "",
            channel=channel,
            label=label,  # type: ignore[arg-type]  # the spec checks it and says what it takes
            split=SplitSpec(kind=split, train_values=listed(train_values), test_values=listed(test_values)),
            epochs=EPOCHS,
        )
    )
    asked = NASSpec(
        base=_with_cells(base, epochs, lr),
        algorithm=algorithm,
        space=ArchitectureSpace() if space is None else _read_space(space),
        budget=Budget(max_trials=trials, max_seconds=seconds),
        seed=seed,
        parallel=parallel,
        population=population,
    )
    with session_scope() as session:
        row_id = create_campaign(session, get_local_actor(session, via="cli"), asked, name).id
    GROUP.follow(row_id, detach=detach, as_json=as_json)


def _with_cells(base: TrainingSpec, epochs: int | None, lr: float | None) -> TrainingSpec:
    told = base.model_dump() | {"model": NetworkName.CELLS, "model_options": {}}
    if epochs is not None:
        told["epochs"] = epochs
    if lr is not None:
        told["optimizer"]["learning_rate"] = lr
    return TrainingSpec.model_validate(told)


def _read_space(path: Path) -> ArchitectureSpace:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path} holds no JSON that can be read: {error}") from error
    return ArchitectureSpace.model_validate(told)


add_acts(architectures, GROUP)


@architectures.command()
def clone(
    campaign: Number,
    *,
    algorithm: Annotated[NASAlgorithm | None, typer.Option(help="another algorithm")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="another seed")] = None,
    name: Annotated[str | None, typer.Option(help="name of the new search")] = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Search the same space with the same budget again, by another algorithm or seed."""
    prepare()
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        row_id = clone_campaign(
            session, actor, campaign, name, kind=JobKind.NAS, method=algorithm, seed=seed
        ).id
    GROUP.follow(row_id, detach=detach, as_json=as_json)


@architectures.command()
def export(
    campaign: Number,
    *,
    to: Annotated[Path, typer.Option(help="folder that architecture.py and spec.json go to")],
    trial: Annotated[
        int | None, typer.Option(min=0, show_default="the best", help="which trial's architecture")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an architecture as a Python file that needs torch alone, and as the spec that trains it."""
    prepare()
    with read_scope() as session:
        row = get_architecture_campaign(session, campaign)
        number = row.best_trial if trial is None else trial
        if number is None:
            raise InvalidInputError(
                f"{GROUP.what} {campaign} has no completed trial, so there is no best; name one: --trial 0"
            )
        get_trial_place(read_architecture_trials(session, campaign), number)
    folder = to.expanduser().resolve()
    _write(campaign, number, folder)
    told = {"campaign": campaign, "trial": number, "folder": str(folder)}
    print_result(
        told,
        f"trial {number} is in {folder / 'architecture.py'}; train it: "
        f"brinell train --spec {folder / 'spec.json'}",
        as_json,
    )


def _write(campaign: int, number: int, folder: Path) -> None:
    """Have a process of its own write the files: what writes the code loads torch."""
    process: subprocess.Popen[bytes] = start_tied(
        "core.jobs.architecture_export", str(campaign), str(number), str(folder)
    )
    if process.wait() != 0:
        raise BrinellError(f"trial {number} could not be exported to {folder}; the reason stands above")
