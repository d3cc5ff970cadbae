"""A file that mirrors a search while it runs, for Optuna's dashboard; the search does without it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import structlog
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import FrozenTrial, TrialState

from core.learning.studies import quiet

logger = structlog.get_logger(__name__)


class Journal:
    """The journal of one study, written by one process and read by others with Optuna's JournalFileBackend.

    A journal that cannot be written any more, because its disk is full or gone, is left alone with a warning:
    a search does not fail for its mirror.

    Parameters
    ----------
    path : Path
        The file. What stood there is replaced as a whole, by renaming.
    study : optuna.Study
        The study to mirror; the trials it holds already are written at once.
    name : str
        The name to show it by.
    """

    def __init__(self, path: Path, study: optuna.Study, name: str) -> None:
        self._trial_ids: list[int] = []  # by number
        self._storage: JournalStorage | None = None
        self._backend = _Lines(path.with_name(f"{path.name}.new"))
        try:
            self._begin(study, name)
            self._backend.path = self._backend.path.replace(path)
        except OSError as error:
            self._leave(error)

    def add(self, trial: FrozenTrial) -> None:
        """Write a trial that begins."""
        self._write(lambda storage: self._add(storage, trial))

    def report(self, number: int, epoch: int, value: float) -> None:
        """Write the searched metric after an epoch."""
        self._write(lambda it: it.set_trial_intermediate_value(self._trial_ids[number], epoch, value))

    def note(self, number: int, key: str, value: Any) -> None:
        """Write what Optuna notes with a trial."""
        self._write(lambda it: it.set_trial_system_attr(self._trial_ids[number], key, value))

    def finish(self, number: int, state: TrialState, value: float | None) -> None:
        """Write how a trial ended."""
        values = None if value is None else [value]
        self._write(lambda it: it.set_trial_state_values(self._trial_ids[number], state, values))

    def _begin(self, study: optuna.Study, name: str) -> None:
        self._backend.path.unlink(missing_ok=True)
        self._storage = JournalStorage(self._backend)
        with quiet():
            self._study_id = self._storage.create_new_study(study.directions, name)
        for trial in study.get_trials(deepcopy=False):
            self._add(self._storage, trial)

    def _add(self, storage: JournalStorage, trial: FrozenTrial) -> None:
        self._trial_ids.append(storage.create_new_trial(self._study_id, trial))

    def _write(self, write: Callable[[JournalStorage], object]) -> None:
        if self._storage is not None:
            try:
                write(self._storage)
            except OSError as error:
                self._leave(error)

    def _leave(self, error: OSError) -> None:
        logger.warning("journal_left", path=str(self._backend.path), error=str(error))
        self._storage = None


class _Lines(BaseJournalBackend):
    """The lines of JournalFileBackend (optuna/storages/journal/_file.py) without its lock and its fsync.

    There is one writer, and what a power cut takes is rebuilt from what is stored elsewhere; waiting for the
    disk after each epoch of each trial would cost more than the search.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._num_read = 0
        self._unread: list[str] = []

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        lines = [json.dumps(log, separators=(",", ":")) for log in logs]
        with self.path.open("ab", buffering=0) as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
        self._unread += lines

    def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
        """Return what was appended since the last reading, which is all that one writer asks for."""
        lines, self._unread = self._unread[log_number_from - self._num_read :], []
        self._num_read = log_number_from + len(lines)
        return [json.loads(line) for line in lines]
