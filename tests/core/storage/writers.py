"""Writers that log epochs as trainings do, and remember what they were told is stored."""

import threading
import time
from dataclasses import dataclass, field

from sqlalchemy import select

from core.models import Dataset, Experiment, TrainingRun, User
from core.services.experiments import Epoch, record_epochs
from core.services.jobs import Claim, JobKind, claim_run
from core.storage.database import read_scope, session_scope
from core.storage.transactions import run_write


@dataclass
class Writer:
    """One training's worth of epochs, one transaction each."""

    claim: Claim
    acknowledged: list[int] = field(default_factory=list)
    at: list[float] = field(default_factory=list)  # when, by the monotonic clock

    def write(self, ended: threading.Event, pause_s: float) -> None:
        """Log epochs until `ended`."""
        while not ended.wait(pause_s):
            epoch = epoch_of(len(self.acknowledged) + 1)
            run_write(lambda session, epoch=epoch: record_epochs(session, self.claim, [epoch]))
            self.acknowledged.append(epoch.epoch)
            self.at.append(time.monotonic())

    def stored(self) -> list[int]:
        """Return the epochs that the database has."""
        with read_scope() as session:
            return list(
                session.scalars(
                    select(TrainingRun.epoch)
                    .where(TrainingRun.experiment_id == self.claim.row_id)
                    .order_by(TrainingRun.epoch)
                )
            )


def epoch_of(number: int) -> Epoch:
    """Return an epoch whose figures are its own."""
    return Epoch(
        epoch=number,
        train_loss=1 / number,
        train_accuracy=0.5,
        val_loss=None,
        val_accuracy=None,
        learning_rate=0.001,
        duration_seconds=0.1 * number,
        metrics={"windows_per_second": 100.0 * number},
    )


def claim_experiments(count: int) -> list[Writer]:
    """Store experiments, each claimed by a writer."""
    writers = []
    with session_scope() as session:
        user = User(username="writer", role="researcher")
        session.add(user)
        session.flush()
        dataset = Dataset(name="rig", created_by=user.id)
        session.add(dataset)
        session.flush()
        for number in range(count):
            row = Experiment(
                name=f"run {number}", model_type="wdcnn", dataset_id=dataset.id, created_by=user.id
            )
            session.add(row)
            session.flush()
            claim = claim_run(session, JobKind.TRAINING, row.id, "test")
            assert claim is not None
            writers.append(Writer(claim))
    return writers


def run_writers(
    writers: list[Writer], pause_s: float = 0.02
) -> tuple[threading.Event, list[threading.Thread]]:
    """Start a thread for each writer; set the event and join them to end it."""
    ended = threading.Event()
    threads = [threading.Thread(target=writer.write, args=(ended, pause_s)) for writer in writers]
    for thread in threads:
        thread.start()
    return ended, threads
