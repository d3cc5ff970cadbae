"""What durability costs: epochs logged with and without the guards, training with and without checkpoints."""

import json
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import Engine, event, insert, text
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.jobs.checkpoints import Checkpoints
from core.learning.networks import build
from core.learning.results import EpochRecord
from core.learning.states import Basis, TrainerState
from core.learning.trainer import fit
from core.models import TrainingRun
from core.services.experiments import Epoch, forget_epochs_after, record_epochs
from core.services.jobs import Claim
from core.specs import TrainingSpec
from core.storage.database import get_engine, session_scope
from core.storage.transactions import run_write
from tests.bench.epochs import METRICS, at_home, prepare_claim
from tests.bench.training import LENGTH, NUM_CLASSES, make_windows

ROWS = 400
NUM_WINDOWS = 4_000  # as many as a part of CWRU gives, and a fifth to validate
EPOCHS = 6
ROUNDS = 5
MEASURED = {
    "train_loss": 0.5, "train_accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7, "learning_rate": 0.01,
    "duration_seconds": 1.5,
}  # fmt: skip


def measure() -> dict[str, object]:
    """Return both, the medians over alternating rounds."""
    return {"epochs": _measure_epochs(), "training": _measure_training()}


def _measure_epochs() -> dict[str, object]:
    with TemporaryDirectory(prefix="brinell-bench-") as folder:
        turns = {
            "guarded": _Log(Path(folder, "guarded"), _log_guarded),
            "guarded_synchronous_full": _Log(Path(folder, "full"), _log_guarded, synchronous="FULL"),
            "plain": _Log(Path(folder, "plain"), _log_plain, unique=False),
        }
        found = _take_turns({name: log.time for name, log in turns.items()})
    rates = {f"{name}_rows_per_second": round(ROWS / median(seconds)) for name, seconds in found.items()}
    pairs = zip(found["guarded"], found["plain"], strict=True)
    return {**rates, "ratio": round(median(plain / ours for ours, plain in pairs), 3), "rows": ROWS}


class _Log:
    """A home of its own, and a way to write one epoch a commit into it."""

    def __init__(
        self,
        home: Path,
        log: Callable[[Session, Claim, int], object],
        *,
        unique: bool = True,
        synchronous: str = "NORMAL",
    ) -> None:
        self._home, self._log, self._synchronous, self._numbers = home, log, synchronous, count(1)
        with at_home(home):
            self._claim = prepare_claim()
            if not unique:
                with session_scope() as session:
                    session.execute(text("DROP INDEX ix_training_runs_experiment_epoch"))

    def time(self) -> float:
        with at_home(self._home):
            _set_synchronous(get_engine(), self._synchronous)
            began = perf_counter()
            for _ in range(ROWS):
                with session_scope() as session:
                    self._log(session, self._claim, next(self._numbers))
            return perf_counter() - began


def _set_synchronous(engine: Engine, value: str) -> None:
    event.listen(
        engine, "connect", lambda connection, _record: connection.execute(f"PRAGMA synchronous = {value}")
    )


def _log_guarded(session: Session, claim: Claim, number: int) -> object:
    """Write an epoch as a run does: fenced by its attempt, with its heartbeat, once only."""
    return record_epochs(session, claim, [Epoch(epoch=number, metrics=METRICS, **MEASURED)])


def _log_plain(session: Session, claim: Claim, number: int) -> object:
    """Write the same row, and nothing else."""
    now = utc_now()
    row = {**MEASURED, "experiment_id": claim.row_id, "epoch": number, "metrics": METRICS}
    return session.connection().execute(_INSERT, row | {"created_at": now, "updated_at": now})


_INSERT = insert(TrainingRun.metadata.tables[TrainingRun.__tablename__])


def _measure_training() -> dict[str, object]:
    spec = TrainingSpec(dataset="bench", epochs=EPOCHS, device="cpu")
    with TemporaryDirectory(prefix="brinell-bench-") as folder, at_home(Path(folder)):
        training = _Training(prepare_claim(), spec)
        found = _take_turns(
            {"without": partial(training.time, keep=False), "each_epoch": partial(training.time, keep=True)}
        )
    pairs = zip(found["each_epoch"], found["without"], strict=True)
    return {
        "model": spec.model,
        "windows": NUM_WINDOWS,
        "epoch_seconds": round(median(found["without"]) / EPOCHS, 4),
        "checkpoint_milliseconds": round(1e3 * median(training.keeping_s), 2),
        "checkpoint_share_percent": round(
            100 * median(training.keeping_s) / (median(found["without"]) / EPOCHS), 2
        ),
        "overhead_percent": round(100 * median(kept / bare - 1 for kept, bare in pairs), 2),
        "rounds": ROUNDS,
        "epochs": EPOCHS,
    }


class _Training:
    """The same epochs with and without a checkpoint after each; their rows are written in both."""

    def __init__(self, claim: Claim, spec: TrainingSpec) -> None:
        self._claim, self._spec = claim, spec
        self._train, self._validation = make_windows(NUM_WINDOWS), make_windows(NUM_WINDOWS // 5)
        self._checkpoints = Checkpoints(claim, Basis(spec, "0" * 64))
        self.keeping_s: list[float] = []

    def time(self, *, keep: bool) -> float:
        """Train anew and return the seconds."""
        run_write(lambda session: forget_epochs_after(session, self._claim, 0))
        network = build(self._spec.model, NUM_CLASSES, LENGTH, self._spec.model_options)
        began = perf_counter()
        fit(
            self._train,
            self._validation,
            network,
            self._spec,
            on_epoch=self._log,
            should_stop=lambda: None,
            on_state=self._keep if keep else lambda _: None,
        )
        return perf_counter() - began

    def _log(self, record: EpochRecord) -> None:
        row = Epoch(epoch=record.epoch, metrics=METRICS, **MEASURED)
        run_write(lambda session: record_epochs(session, self._claim, [row]))

    def _keep(self, take: Callable[[], TrainerState]) -> None:
        began = perf_counter()
        self._checkpoints.keep(take, at_once=True)
        self.keeping_s.append(perf_counter() - began)


def _take_turns(turns: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    for turn in turns.values():  # the first turn of each pays for kernels and compiled statements
        turn()
    found: dict[str, list[float]] = {name: [] for name in turns}
    for round_ in range(ROUNDS):
        # Who goes first changes, so that a drift of the machine favours none.
        for name in sorted(turns, reverse=bool(round_ % 2)):
            found[name].append(turns[name]())
    return found


if __name__ == "__main__":
    print(json.dumps(measure()))
