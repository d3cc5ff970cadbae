"""The notebook's door: what is stored, as frames and arrays; it reads and never writes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import NotFoundError
from core.queries import datasets as dataset_queries
from core.queries import experiments as experiment_queries
from core.queries import signals as signal_queries
from core.queries.datasets import DatasetRow
from core.queries.experiments import ExperimentDetail, ExperimentRow
from core.queries.signals import SignalFilter, SignalRow, SpectrumView
from core.storage.database import read_scope

ALL_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class SignalHandle:
    """One channel of one record: its row, its samples, and what is seen in a window of it."""

    row: SignalRow

    @property
    def rate_hz(self) -> float:
        """Sampling rate."""
        return self.row.rate_hz

    @property
    def samples(self) -> NDArray[np.float32]:
        """The whole record as a read-only memory map of (num_samples,) float32, in `row.unit`."""
        return signal_queries.read_samples(self.row)

    def window(self, start_s: float = 0.0, stop_s: float | None = None) -> pd.DataFrame:
        """Return every sample from `start_s` up to `stop_s`: time_s and amplitude, in `row.unit`."""
        return signal_queries.read_window(self.row, start_s, self._stop(stop_s))

    def spectrum(self, start_s: float = 0.0, stop_s: float | None = None) -> SpectrumView:
        """Return the one-sided, Hann-windowed amplitude spectrum of a window (at most 2^20 samples of it)."""
        return signal_queries.view_spectrum(self.row, start_s, self._stop(stop_s))

    def _stop(self, stop_s: float | None) -> float:
        return self.row.duration_s if stop_s is None else stop_s


@dataclass(frozen=True, slots=True)
class ExperimentHandle:
    """One training: what was asked for, how it went, and what came out."""

    id: int

    @property
    def detail(self) -> ExperimentDetail:
        """The experiment, whole, as it stands now."""
        with read_scope() as session:
            return experiment_queries.get_experiment_detail(session, self.id)

    def epochs(self) -> pd.DataFrame:
        """Return one row an epoch: losses, accuracies (fractions), learning rate, seconds."""
        with read_scope() as session:
            frame, _ = experiment_queries.epochs_after(session, [self.id])
        return frame

    def predictions(self) -> pd.DataFrame:
        """Return one row a test window: signal, start_s, stop_s, true and predicted label, confidence."""
        with read_scope() as session:
            return experiment_queries.list_predictions(session, self.id)

    def steps(self) -> pd.DataFrame:
        """Return one row an optimizer step: epoch, step, loss, learning_rate."""
        with read_scope() as session:
            return experiment_queries.list_steps(session, self.id)


class Workspace:
    """Everything stored in the home that the settings name (BRINELL_HOME)."""

    def datasets(self) -> pd.DataFrame:
        """Return one row a data set, newest first."""
        with read_scope() as session:
            return _frame(dataset_queries.list_datasets(session), DatasetRow)

    def signals(self, dataset: str, **filters: Any) -> pd.DataFrame:
        """Return the signals of a data set; filters are channel, fault_class, severity, load and text."""
        with read_scope() as session:
            stored = {row.name: row.id for row in dataset_queries.list_datasets(session)}
            if dataset not in stored:
                raise NotFoundError(
                    f"there is no data set {dataset!r}; stored are: {', '.join(stored) or 'none'}"
                )
            wanted = SignalFilter(stored[dataset], **filters)
            rows, _ = signal_queries.list_signals(session, wanted, limit=ALL_ROWS)
        return _frame(rows, SignalRow)

    def signal(self, signal_id: int) -> SignalHandle:
        """Return one signal."""
        with read_scope() as session:
            return SignalHandle(signal_queries.get_signal(session, signal_id))

    def experiments(self, **filters: Any) -> pd.DataFrame:
        """Return the experiments, newest first; filters are text, status, dataset, sort and descending."""
        with read_scope() as session:
            rows, _ = experiment_queries.list_experiments(session, limit=ALL_ROWS, **filters)
        return _frame(rows, ExperimentRow)

    def experiment(self, experiment_id: int) -> ExperimentHandle:
        """Return one experiment."""
        handle = ExperimentHandle(experiment_id)
        _ = handle.detail  # a wrong number is told here, not at the first use
        return handle


def _frame(rows: Sequence[Any], row_class: type) -> pd.DataFrame:
    columns = list(row_class.__dataclass_fields__)  # type: ignore[attr-defined]
    return pd.DataFrame([asdict(row) for row in rows], columns=columns).set_index("id")
