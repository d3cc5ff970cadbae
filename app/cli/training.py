"""`brinell train` and `brinell resume`: a training asked for, followed, and what came out of it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.database import prepare
from app.cli.following import Detach, console, do_run
from app.cli.output import AsJson, print_json, print_result
from core.queries.experiments import ExperimentDetail, get_experiment_detail
from core.services.experiments import create_experiment, resume_experiment
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import NetworkName, OptimizerSpec, Spec, SplitKind, SplitSpec, TrainingSpec
from core.storage.database import read_scope, session_scope

TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        min=1,
        help="seconds after which it ends in order, to be resumed; wins over the settings",
    ),
]


def read_spec(path: Path) -> TrainingSpec:
    """Read a training from a file: its own JSON, or an experiment's with the training in it."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path} holds no JSON that can be read: {error}") from error
    if isinstance(told, dict) and isinstance(told.get("spec"), dict):
        told = told["spec"]
    return TrainingSpec.model_validate(told)


def listed(text: str) -> tuple[str, ...]:
    """Return the words that commas part."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _default(spec: type[Spec], name: str) -> Any:
    return spec.model_fields[name].default


def train(
    *,
    dataset: Annotated[str | None, typer.Option(help="data set to train on")] = None,
    spec_file: Annotated[
        Path | None,
        typer.Option("--spec", help="file with the whole training; further options are not asked"),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="channel, where the data set has several")] = None,
    label: Annotated[str, typer.Option(help="fault_class, severity or fault_class+severity")] = "fault_class",
    model: Annotated[NetworkName, typer.Option(help="network")] = NetworkName.WDCNN,
    split: Annotated[
        SplitKind, typer.Option(help="what training and test may not share")
    ] = SplitKind.BY_RECORD,
    train_loads: Annotated[str, typer.Option(help="loads trained on, such as 0,1,2 (split by_load)")] = "",
    test_loads: Annotated[str, typer.Option(help="loads tested on, such as 3 (split by_load)")] = "",
    train_values: Annotated[str, typer.Option(help="machines, bearings or severities trained on")] = "",
    test_values: Annotated[str, typer.Option(help="machines, bearings or severities tested on")] = "",
    epochs: Annotated[int, typer.Option(min=1)] = _default(TrainingSpec, "epochs"),
    batch_size: Annotated[int, typer.Option(min=2)] = _default(TrainingSpec, "batch_size"),
    lr: Annotated[float, typer.Option(help="learning rate")] = _default(OptimizerSpec, "learning_rate"),
    patience: Annotated[
        int | None,
        typer.Option(min=1, show_default="none", help="epochs without a better one, then stop"),
    ] = _default(TrainingSpec, "patience"),
    seed: Annotated[int, typer.Option(min=0)] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    name: Annotated[str | None, typer.Option(help="name of the experiment; made up where left out")] = None,
    time_limit: TimeLimit = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Train a network on a data set and test it on what the split kept back."""
    prepare()
    if (train_loads or test_loads) and split is not SplitKind.BY_LOAD:
        raise typer.BadParameter(f"--train-loads and --test-loads go with --split by_load, not {split.value}")
    if (dataset is None) == (spec_file is None):
        raise typer.BadParameter(
            "name the --dataset to train on, or a file with the whole training by --spec"
        )
    spec = (
        read_spec(spec_file)
        if spec_file is not None
        else TrainingSpec(
            dataset=dataset or "",
            channel=channel,
            label=label,  # type: ignore[arg-type]  # the spec checks it and says what it takes
            model=model,
            split=SplitSpec(
                kind=split,
                train_values=listed(train_loads or train_values),
                test_values=listed(test_loads or test_values),
            ),
            optimizer=OptimizerSpec(learning_rate=lr),
            batch_size=batch_size,
            epochs=epochs,
            patience=patience,
            seed=seed,
            device=device,  # type: ignore[arg-type]  # likewise
        )
    )
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        row = create_experiment(session, actor, spec, name, time_limit_s=time_limit)
        row_id, title = row.id, row.name
    _train(row_id, title, detach, as_json)


def resume(
    experiment: Annotated[int, typer.Argument(min=1, help="the experiment's number")],
    time_limit: TimeLimit = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a paused or failed experiment after its last kept epoch."""
    prepare()
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        row = resume_experiment(session, actor, experiment, time_limit)
        row_id, title = row.id, row.name
    _train(row_id, title, detach, as_json)


def _train(row_id: int, title: str, detach: bool, as_json: bool) -> None:
    if detach:
        print_result(
            {"experiment": row_id, "name": title}, f"experiment {row_id} waits for a worker", as_json
        )
        return
    do_run(JobKind.TRAINING, row_id, title)
    with read_scope() as session:
        detail = get_experiment_detail(session, row_id)
    if as_json:
        print_json(_training_json(detail))
    else:
        _show_training(detail)
    if detail.row.status != "completed":
        raise typer.Exit(1)


def _training_json(detail: ExperimentDetail) -> dict[str, Any]:
    return {
        "experiment": detail.row.id,
        "name": detail.row.name,
        "status": detail.row.status,
        "error_message": detail.error_message,
        "best_epoch": detail.best_epoch,
        "duration_s": detail.row.duration_s,
        "metrics": detail.metrics,
        "audit": detail.audit,
        "provenance": detail.provenance,
        "findings": detail.findings,
    }


def _show_training(detail: ExperimentDetail) -> None:
    audit, metrics = detail.audit or {}, detail.metrics
    for message in (*audit.get("messages", ()), *audit.get("traits", ()), *detail.findings):
        console.print(f"[yellow]note:[/yellow] {escape(message)}")
    if detail.row.status != "completed":
        console.print(f"[red]{detail.row.status}:[/red] {escape(detail.error_message or '')}")
        return
    typer.echo(
        f"experiment {detail.row.id} {detail.row.name}: {metrics['test_accuracy']:.2%} of "
        f"{metrics['test_windows']} windows, "
        f"{metrics['record_accuracy']:.2%} of {metrics['test_records']} records"
    )
    typer.echo(f"split {detail.row.split}: {audit.get('sentence', 'not audited')}")
    typer.echo(
        f"best epoch {detail.best_epoch} of {detail.row.epochs_done}, chosen on validation "
        f"({metrics['val_accuracy']:.2%}); {detail.row.duration_s:.1f} s on {detail.provenance.get('device')}"
        if metrics["val_accuracy"] is not None
        else f"epoch {detail.best_epoch}, no validation side; {detail.row.duration_s:.1f} s"
    )
    settings = get_settings()
    typer.echo(
        f"see it, while brinell serve or demo runs: http://{settings.host}:{settings.port}/experiments?experiment={detail.row.id}"
    )
