"""The step log of a logged experiment, kept as Parquet files, each of some seconds or many rows."""

import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ConflictError, InvalidInputError
from core.services.experiments import ArtifactFile, add_artifact
from core.services.jobs import Claim
from core.storage import artifacts
from core.tracking.plain import to_whole
from core.tracking.turns import run_in_turn

MOST_ROWS = 50_000  # of a file, and in memory before the loop itself writes one
SHORTEST_S = 5.0
SHARE = 0.1  # of the experiment's age: so that a long one leaves some dozens of files, not thousands
_OWN = frozenset({"attempt", "epoch", "step"})
HIGHEST_STEP = 2**53  # an axis of floats tells each from the next


class StepLog:
    """The steps of one attempt that are not kept yet; one thread at a time may add."""

    def __init__(self, claim: Claim, last_step: int) -> None:
        self._claim, self.last_step = claim, last_step
        self._rows: list[tuple[int, int, dict[str, float | None]]] = []
        self._keeping = threading.Lock()
        self._began = self._kept_at = time.monotonic()

    @property
    def is_full(self) -> bool:
        """Whether the loop itself has to write a file before it goes on."""
        return len(self._rows) >= MOST_ROWS

    def check(self, step: int | None, values: dict[str, float | None]) -> int:
        """Return the number of the next step, the one after the last where none is given."""
        number = self.last_step + 1 if step is None else step
        if type(number) is not int or number > HIGHEST_STEP:
            number = to_whole("a step", number, HIGHEST_STEP)
        if number <= self.last_step:
            raise ConflictError(
                f"step {number} comes after step {self.last_step} was logged; number steps upwards, each once"
            )
        if own := _OWN & values.keys():
            raise InvalidInputError(
                f"{', '.join(sorted(own))} is written by itself; give the value another name"
            )
        return number

    def add(self, number: int, epoch: int, values: dict[str, float | None]) -> None:
        """Add one step of an epoch, as it was checked: finite numbers, None where nothing was measured."""
        self._rows.append((epoch, number, values))
        self.last_step = number

    def is_due(self) -> bool:
        """Tell whether it is time for a file."""
        now = time.monotonic()
        pause_s = max(SHORTEST_S, SHARE * (now - self._began))
        return self.is_full or (bool(self._rows) and now - self._kept_at >= pause_s)

    def clear(self) -> None:
        """Drop what waits: in a forked child it is the parent's."""
        self._rows.clear()

    def keep(self) -> None:
        """Keep what is there as a file; the rows stay where that fails."""
        if not self._rows:
            return  # rows go only once they are kept
        with self._keeping:
            if rows := list(self._rows):
                self._keep(rows)
                del self._rows[: len(rows)]
                self._kept_at = time.monotonic()

    def _keep(self, rows: list[tuple[int, int, dict[str, float | None]]]) -> None:
        with artifacts.writing() as draft:
            pq.write_table(_tabulate(self._claim.attempt, rows), draft.path, compression="zstd")
        file = ArtifactFile(
            id=draft.artifact_id,
            kind="steps",
            name=f"steps-{self._claim.attempt:03}-{rows[0][1]:010}.parquet",
            media_type="application/vnd.apache.parquet",
            size_bytes=draft.size,
            sha256=draft.sha256,
        )
        run_in_turn(lambda session: add_artifact(session, self._claim, file))


def _tabulate(attempt: int, rows: list[tuple[int, int, dict[str, float | None]]]) -> pa.Table:
    names = dict.fromkeys(name for _, _, values in rows for name in values)
    return pa.table(
        {
            "attempt": np.full(len(rows), attempt, dtype=np.int32),
            "epoch": pa.array([epoch for epoch, _, _ in rows], pa.int32()),
            "step": pa.array([step for _, step, _ in rows], pa.int64()),
            **{name: pa.array([values.get(name) for _, _, values in rows], pa.float64()) for name in names},
        }
    )
