"""What notebooks/train.ipynb calls: one experiment from its row to its results, under a claim."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import BrinellError
from core.evaluation.metrics import Scores, score
from core.jobs.checkpoints import Checkpoints
from core.jobs.holding import Hold
from core.jobs.prepared import Prepared, prepare
from core.jobs.provenance import describe_origin
from core.jobs.run_files import RunFiles
from core.jobs.run_results import summarise_run, tabulate_predictions
from core.learning import networks
from core.learning.devices import device_name, resolve_device
from core.learning.results import EpochRecord, FitResult, StepRecord
from core.learning.states import Basis, TrainerState
from core.learning.trainer import fit, predict
from core.models import TrainingRun
from core.services.experiments import (
    Epoch,
    add_artifact,
    complete_experiment,
    get_experiment,
    record_epochs,
    record_results,
    record_split,
)
from core.services.jobs import JobKind
from core.specs import TrainingSpec
from core.storage.database import read_scope
from core.storage.transactions import run_write

# A row that waits again was paused and resumed since the last epoch: the next attempt goes on from here.
# One that failed while it ran reached its time limit, and can be resumed with a larger one.
WORD_OF_STATUS = {
    "running": None,
    "paused": "paused",
    "pending": "paused",
    "failed": "paused",
    "cancelled": "cancelled",
}

GONE = frozenset({"cancelled", "pruned"})  # nobody goes on with those


class ExperimentRun:
    """One attempt at one experiment; its methods are called in the order in which they stand."""

    def __init__(
        self,
        experiment_id: int,
        attempt: int = 0,
        *,
        prepare: Callable[[TrainingSpec], Prepared] = prepare,
        judge: Callable[[EpochRecord], str | None] = lambda _: None,
    ) -> None:
        """Go on under a worker's attempt, or claim the row here where a person runs the notebook.

        `judge` is asked after each epoch for a word that ends the training, as a campaign's is.
        """
        self._hold = Hold(JobKind.TRAINING, experiment_id, attempt)
        self.claim = self._hold.claim
        self._prepare, self._judge = prepare, judge
        with read_scope() as session, self._hold.watched():
            row = get_experiment(session, experiment_id)
            self.name, self.spec = row.name, TrainingSpec.model_validate(row.config)
            self.device = resolve_device(self.spec.device)
        self.files = RunFiles(self.claim)
        self._status: str = "running"
        self._steps: list[StepRecord] = []
        self._word: str | None = None  # that ends the training

    def load(self) -> pd.DataFrame:
        """Open the records, split them, cut the windows; store the audit; return the sides as a table."""
        with self._hold.watched():
            return self._load()

    def fit(self) -> FitResult:
        """Train until done, out of patience, cancelled or paused; every epoch is a row at once."""
        with self._hold.watched():
            return self._fit()

    def evaluate(self) -> Scores | None:
        """Look at the test side, once, with the weights of the best epoch; None where the run was stopped."""
        with self._hold.watched():
            scores = self._evaluate()
        self._hold.release()
        return scores

    def _load(self) -> pd.DataFrame:
        prepared = self._prepare(self.spec)
        self.data, self.split, self.audit = prepared.data, prepared.split, prepared.audit
        self.windows, self.sides = prepared.windows, prepared.sides
        self.checkpoints = Checkpoints(self.claim, Basis(self.spec, self.data.checksum))
        provenance = self._provenance()
        run_write(lambda session: record_split(session, self.claim, prepared.told, provenance))
        return pd.DataFrame(self.sides).T

    def _fit(self) -> FitResult:
        network = networks.build(
            self.spec.model, len(self.split.classes), self.spec.windows.length, self.spec.model_options
        )
        self.network = network
        state = self.checkpoints.take_up(network)
        self.result = fit(
            self.windows.train,
            self.windows.validation,
            network,
            self.spec,
            on_epoch=self._on_epoch,
            should_stop=self._should_stop,
            on_step=self._steps.append,
            state=state,
            on_state=self._on_state,
        )
        self.files.keep_steps(self._steps)
        if self.result.reason in GONE:
            self.checkpoints.drop()
        if self.result.reason == "diverged":
            side = "validation" if np.isfinite(self._steps[-1].losses).all() else "training"
            raise BrinellError(
                f"the {side} loss was no longer finite in epoch {self.result.last_epoch}, at learning rate "
                f"{self.spec.optimizer.learning_rate:g}; try a smaller one"
            )
        return self.result

    def _evaluate(self) -> Scores | None:
        if self.result.reason not in {"done", "patience"} or self.result.best_state is None:
            return None
        test = self.windows.test
        probabilities = predict(self.network, test, self.device)
        labels, record = test.labels.numpy(), test.record.numpy()
        self.scores = score(probabilities, labels, record, self.split.classes)
        predictions = self.files.write_predictions(
            tabulate_predictions(self.data, self.split, test, probabilities)
        )
        told = {"spec": self.spec.model_dump(mode="json"), **self.result.optimizer}
        weights = self.files.write_weights(self.result.best_state, told)
        best_epoch = self.result.best_epoch or self.result.last_epoch
        metrics = summarise_run(self.scores, self.result, self.sides, self.epochs().loc[best_epoch])

        def enter(session: Session) -> None:
            for file in (predictions, weights):
                add_artifact(session, self.claim, file)
            record_results(session, self.claim, best_epoch=best_epoch, metrics=metrics, model_path=weights.id)

        run_write(enter)
        if self._hold.is_own:
            run_write(lambda session: complete_experiment(session, self.claim))
        return self.scores

    @property
    def findings(self) -> tuple[str, ...]:
        """What was wrong with the checkpoints of earlier attempts, and how this one went on."""
        return self.checkpoints.findings

    def epochs(self) -> pd.DataFrame:
        """Return the stored epochs of this experiment, those of earlier attempts among them."""
        names = ("epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate")
        with read_scope() as session:
            rows = session.execute(
                select(*(getattr(TrainingRun, name) for name in names))
                .where(TrainingRun.experiment_id == self.claim.row_id)
                .order_by(TrainingRun.epoch)
            )
            return pd.DataFrame([tuple(row) for row in rows], columns=names).set_index("epoch")

    def confusion(self) -> pd.DataFrame:
        """Return the confusion matrix over test windows, true classes in the rows."""
        classes = self.split.classes
        return pd.DataFrame(self.scores.confusion, index=classes, columns=classes)

    def _on_epoch(self, record: EpochRecord) -> None:
        self._last = record
        epoch = Epoch(
            epoch=record.epoch,
            train_loss=record.train_loss,
            train_accuracy=record.train_accuracy,
            val_loss=record.val_loss,
            val_accuracy=record.val_accuracy,
            learning_rate=record.learning_rate,
            duration_seconds=record.duration_s,
            metrics={**record.metrics, "windows_per_second": record.windows_per_second},
        )
        self._status = run_write(lambda session: record_epochs(session, self.claim, [epoch]))

    def _should_stop(self) -> str | None:
        self._word = WORD_OF_STATUS.get(self._status, "cancelled") or self._judge(self._last)
        return self._word

    def _on_state(self, take: Callable[[], TrainerState]) -> None:
        # Whatever else ends a training, somebody may want it to go on from where it was.
        self.checkpoints.keep(take, at_once=self._word not in {None, *GONE})

    def _provenance(self) -> dict[str, Any]:
        return {
            **describe_origin(),
            "device": device_name(self.device),
            "seed": self.spec.seed,
            "data_checksum": self.data.checksum,
        }
