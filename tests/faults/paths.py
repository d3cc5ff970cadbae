"""The paths on which calls are made to fail; a new one is a line of PATHS.

A path starts from a prepared home. Its act asks for some work and does it; where the row that it left
waits again, `run_waiting` goes on with it, as a worker would. Its result is what must be the same with
and without a fault.
"""

from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import scipy.io
from papermill.engines import Engine, papermill_engines
from sqlalchemy import func, insert, select

from core.clock import utc_now
from core.jobs.checkpoints import Pace
from core.jobs.experiment_run import ExperimentRun
from core.jobs.running import run_job
from core.jobs.sealing import seal
from core.models import (
    Artifact,
    Dataset,
    DatasetImport,
    Experiment,
    LoginHistory,
    Signal,
    SystemLog,
    TrainingRun,
)
from core.queries.experiment_files import list_steps
from core.queries.sealed_parts import list_parts
from core.queries.warehouse import ask
from core.services.datasets import request_generation, request_import
from core.services.epoch_rows import delete_epochs_after
from core.services.experiments import create_experiment, pause_experiment, resume_experiment
from core.services.features import FILE_KIND, request_features
from core.services.jobs import MODELS, MOST_DEATHS, JobKind, take_up_silent
from core.services.summaries import load_summaries
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import GenerationSpec, ImportSpec, SplitSpec, TrainingSpec, WindowSpec
from core.storage.database import read_scope, session_scope
from core.storage.sealed import is_there
from core.workspace import Workspace

RECORDS = ("105", "118")
GENERATION = GenerationSpec(
    dataset="made",
    classes=("healthy", "inner_race"),
    severities=("severe",),
    loads=(0.0,),
    machines=2,
    records_per_condition=1,
    duration_s=0.3,
)
TRAINING = TrainingSpec(
    dataset="made",
    split=SplitSpec(test_share=0.5),
    windows=WindowSpec(length=1024, train_hop=512, test_hop=1024),
    batch_size=4,
    epochs=2,
    device="cpu",
)


class InThisProcess(Engine):  # type: ignore[misc]  # papermill ships no types
    """Executes a notebook's cells here: a kernel's start takes seconds, and there are hundreds of runs."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, _kernel_name: str, **_options: Any) -> None:
        """Run cell after cell until one fails."""
        names: dict[str, Any] = {}
        for index, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, index)
            if cell.cell_type == "code":
                try:
                    with redirect_stdout(StringIO()):
                        exec(compile(cell.source, f"cell {index}", "exec"), names)  # noqa: S102
                except Exception as error:  # noqa: BLE001 - the kernel's outermost frame
                    told = {"ename": type(error).__name__, "evalue": str(error), "traceback": [str(error)]}
                    cell.outputs = [nbformat.v4.new_output("error", **told)]
                    nb_man.cell_exception(cell, index)
                    return
            nb_man.cell_complete(cell, index)


@dataclass(frozen=True, slots=True)
class FaultPath:
    """What is prepared, what is done under fault, and what must come out of it."""

    prepare: Callable[[], None]
    act: Callable[[], None]
    result: Callable[[], object]


def run_waiting() -> None:
    """Take silent runs up and do what waits, as workers do; a run that keeps dying ends as failed."""
    for _ in range(MOST_DEATHS + 1):
        with session_scope() as session:
            take_up_silent(session, utc_now() + timedelta(minutes=1))
        for kind, row_id in _list_pending():
            run_job(kind, row_id)


def _list_pending() -> list[tuple[JobKind, int]]:
    with read_scope() as session:
        return [
            (kind, row_id)
            for kind, model in MODELS.items()
            for row_id in session.scalars(select(model.id).where(model.status == "pending"))
        ]


def _sources() -> Path:
    return get_settings().home.parent.parent / "sources"  # not watched: they are only read


def _write_sources() -> None:
    _sources().mkdir(exist_ok=True)
    rng = np.random.default_rng(3)
    for number in RECORDS:
        samples = {f"X{number}_{end}_time": rng.standard_normal((6000, 1)) for end in ("DE", "FE")}
        scipy.io.savemat(_sources() / f"{number}.mat", samples | {f"X{number}RPM": 1797.0})


def _import() -> None:
    with session_scope() as session:
        spec = ImportSpec(dataset="rig", paths=(_sources(),))
        row_id = request_import(session, get_local_actor(session, "cli"), spec).id
    run_job(JobKind.IMPORT, row_id)
    _measure("rig")


def _measure(dataset: str) -> None:
    """Measure a data set, as its import asks for, and as a person does again where that failed."""
    with session_scope() as session:
        stored = session.scalar(select(Dataset).where(Dataset.name == dataset))
        if stored is None:
            return
        row_id = request_features(session, get_local_actor(session, "cli"), stored).id
    run_job(JobKind.FEATURES, row_id)


def _imported() -> object:
    columns = (Signal.signal_id, Signal.checksum, Signal.rms, Signal.kurtosis, Signal.num_samples)
    with read_scope() as session:
        signals = session.execute(select(*columns).join(Dataset).where(Dataset.name == "rig"))
        counts = session.scalars(select(Dataset.num_signals).where(Dataset.name == "rig"))
        refused = session.scalars(select(DatasetImport.errors).order_by(DatasetImport.id.desc()).limit(1))
        measured = session.execute(select(Signal.signal_id, Signal.features).order_by(Signal.signal_id))
        tables = session.scalars(select(func.count(Artifact.id)).where(Artifact.kind == FILE_KIND))
        told = sorted(map(tuple, signals)), list(counts), list(refused)
        return *told, list(map(tuple, measured)), list(tables)


def _generate() -> None:
    with session_scope() as session:
        row_id = request_generation(session, get_local_actor(session, "cli"), GENERATION).id
    run_job(JobKind.GENERATION, row_id)
    _measure(GENERATION.dataset)


def _train() -> None:
    with session_scope() as session:
        row_id = create_experiment(session, get_local_actor(session, "cli"), TRAINING).id
    run_job(JobKind.TRAINING, row_id)


def _train_and_pause() -> None:
    """Leave an experiment that has trained its last epoch and has all of its finish before it."""
    _generate()
    record = ExperimentRun._on_epoch

    def pause_at_last(run: ExperimentRun, epoch: Any) -> None:
        if epoch.epoch == TRAINING.epochs:
            with session_scope() as session:
                pause_experiment(session, get_local_actor(session, "cli"), run.claim.row_id)
        record(run, epoch)

    ExperimentRun._on_epoch = pause_at_last  # type: ignore[method-assign]
    try:
        _train()
    finally:
        ExperimentRun._on_epoch = record  # type: ignore[method-assign]


def _finish() -> None:
    with session_scope() as session:
        paused = session.scalar(select(Experiment.id).where(Experiment.status == "paused"))
        if paused is not None:
            resume_experiment(session, get_local_actor(session, "cli"), paused)
    if paused is None:  # a fault has failed the prepared one, so the same is asked for anew
        _train()
    else:
        run_job(JobKind.TRAINING, paused)


def _trained() -> object:
    """Return the epochs, the score and the weights of the last experiment; its files carry times."""
    with read_scope() as session:
        last = session.scalar(select(Experiment).order_by(Experiment.id.desc()).limit(1))
        if last is None:
            return None
        epochs = session.execute(
            select(TrainingRun.epoch, TrainingRun.train_loss, TrainingRun.val_accuracy)
            .where(TrainingRun.experiment_id == last.id)
            .order_by(TrainingRun.epoch)
        )
        files = session.execute(
            select(Artifact.kind, Artifact.name, Artifact.sha256).where(Artifact.experiment_id == last.id)
        ).all()
        same = sorted(file.sha256 for file in files if file.kind in {"checkpoint", "predictions"})
        kinds = sorted({(file.kind, file.name) for file in files})
        return list(map(tuple, epochs)), last.metrics.get("test_accuracy"), same, kinds


def _log_and_seal() -> None:
    """Leave epochs of which some are sealed, some of these gone, and some not sealed yet."""
    _generate()
    with session_scope() as session:
        actor = get_local_actor(session, "cli")
        dataset_id = session.scalars(select(Dataset.id)).one()
        told = {"name": "logged", "model_type": "x", "status": "cancelled"}
        session.add(Experiment(dataset_id=dataset_id, created_by=actor.user_id, **told))
    _log_epochs(1, 200)
    seal(utc_now(), at_once=True)
    with session_scope() as session:
        delete_epochs_after(session.connection(), 1, 100)
    _log_epochs(101, 150)
    with session_scope() as session:
        session.add_all(
            [LoginHistory(login_method="link", success=True), SystemLog(action="x", status="success")]
        )


def _log_epochs(first: int, last: int) -> None:
    with session_scope() as session:
        rows = [{"experiment_id": 1, "epoch": epoch, "metrics": {}} for epoch in range(first, last + 1)]
        session.execute(insert(TrainingRun), rows)


def _seal() -> None:
    seal(utc_now(), at_once=True)


def _sealed() -> object:
    """Return what is told of the epochs, and what of them lies in files."""
    told = ask("SELECT count(*) AS n, count(DISTINCT epoch) AS epochs, max(epoch) AS last FROM epochs")
    with read_scope() as session:
        parts = list_parts(session, "training_runs")
    return told.to_dict("records"), sum(part.num_rows for part in parts), [is_there(part) for part in parts]


def keep_every_checkpoint() -> None:
    """Have a checkpoint kept after every epoch, and notebooks executed in this process."""
    Pace.is_due = lambda _pace: True  # type: ignore[method-assign]
    papermill_engines.register(None, InThisProcess)


def _log() -> None:
    """Log a training of one's own: epochs, steps and a result."""
    with Workspace().experiment(model="my-net", hyperparameters={"lr": 0.1}, total_epochs=3) as run:
        for epoch in (1, 2, 3):
            run.log_step(loss=1 / epoch)
            run.log_epoch(val_loss=1 / epoch, f1=0.5)
            run.flush()
        run.log_result(test_accuracy=0.75)


def _logged() -> object:
    """Return what the last experiment has logged, and what that comes to."""
    with read_scope() as session:
        last = session.scalar(select(Experiment).order_by(Experiment.id.desc()).limit(1))
        if last is None:
            return None
        summaries = load_summaries(session.connection(), last.id)
        epochs = session.execute(
            select(TrainingRun.epoch, TrainingRun.val_loss)
            .where(TrainingRun.experiment_id == last.id)
            .order_by(TrainingRun.epoch)
        )
        steps = list_steps(session, last.id)
        told = (list(map(tuple, epochs)), summaries, last.metrics, last.findings)
        return last.status.value, *told, steps.to_numpy().tolist()


PATHS = {
    "import": FaultPath(_write_sources, _import, _imported),
    "checkpoint": FaultPath(_generate, _train, _trained),
    "finish": FaultPath(_train_and_pause, _finish, _trained),
    "sealing": FaultPath(_log_and_seal, _seal, _sealed),
    "logging": FaultPath(lambda: None, _log, _logged),
}
