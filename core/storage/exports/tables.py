"""Experiments as two tables: one row an experiment, and one row an epoch."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import InvalidInputError
from core.storage.exports.records import Exported
from core.storage.foreign.tables import FIGURE, PARAMETER
from core.storage.foreign.values import guarded
from core.storage.room import taking_room

EXPERIMENTS, EPOCHS = "experiments", "epochs"
FACTS = (
    "id", "status", "model", "dataset", "split", "source", "user", "created", "started", "finished",
    "duration_s", "tags", "notes",
)  # fmt: skip
ROWS_AT_ONCE = 50_000


def tell_experiment(exported: Exported) -> dict[str, Any]:
    """Return the row of an experiment."""
    started, finished = exported.started_at, exported.finished_at
    facts = {
        "run": exported.name,
        "id": exported.id,
        "status": exported.status,
        "model": exported.model,
        "dataset": exported.dataset,
        "split": exported.split,
        "source": exported.source,
        "user": exported.user,
        "created": exported.created_at.isoformat(),
        "started": started and started.isoformat(),
        "finished": finished and finished.isoformat(),
        "duration_s": (finished - started).total_seconds() if started and finished else None,
        "tags": ", ".join(exported.tags) or None,
        "notes": exported.notes,
    }
    named = {f"{PARAMETER}{name}": _text(value) for name, value in exported.hyperparameters.items()}
    return facts | named | {f"{FIGURE}{name}": _text(value) for name, value in exported.figures.items()}


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def tell_epochs(exported: Exported, metrics: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    """Yield the rows of an experiment's epochs: its name, the number, and a value or None of each metric."""
    numbers = exported.epochs.get("epoch", ())
    unmeasured = [None] * len(numbers)
    columns = [exported.epochs.get(name, unmeasured) for name in metrics]
    yield from zip([exported.name] * len(numbers), numbers, *columns, strict=True)


class CsvTables:
    """experiments.csv and epochs.csv in a folder; no cell of them is a formula."""

    def __init__(self, folder: Path, columns: Sequence[str], metrics: Sequence[str]) -> None:
        self._folder, self._columns, self._metrics = (
            _prepared(folder),
            ["run", *FACTS, *columns],
            list(metrics),
        )
        self._experiments = self._open(f"{EXPERIMENTS}.csv", self._columns)
        self._epochs = self._open(f"{EPOCHS}.csv", ["run", "epoch", *self._metrics])

    def write(self, exported: Exported) -> bool:
        """Write one experiment."""
        row = tell_experiment(exported)
        with taking_room(self._folder):
            csv.writer(self._experiments).writerow([_cell(row.get(name)) for name in self._columns])
            csv.writer(self._epochs).writerows(
                [_cell(each) for each in row] for row in tell_epochs(exported, self._metrics)
            )
        return True

    def close(self) -> None:
        """Close the files."""
        self._experiments.close()
        self._epochs.close()

    def _open(self, name: str, columns: Sequence[str]) -> IO[str]:
        file = (self._folder / name).open("w", encoding="utf-8", newline="")
        csv.writer(file).writerow([guarded(column) for column in columns])
        return file


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return guarded(value)
    return repr(value) if isinstance(value, float) else value


class ParquetTables:
    """experiments.parquet and epochs.parquet in a folder."""

    def __init__(self, folder: Path, columns: Sequence[str], metrics: Sequence[str]) -> None:
        self._folder, self._metrics = _prepared(folder), list(metrics)
        types = {"id": pa.int64(), "duration_s": pa.float64()}
        names = ["run", *FACTS, *columns]
        self._facts = pa.schema([(name, types.get(name, pa.string())) for name in names])
        fixed = [("run", pa.string()), ("epoch", pa.int64())]
        self._history = pa.schema([*fixed, *((name, pa.float64()) for name in self._metrics)])
        self._experiments = pq.ParquetWriter(
            folder / f"{EXPERIMENTS}.parquet", self._facts, compression="zstd"
        )
        self._epochs = pq.ParquetWriter(folder / f"{EPOCHS}.parquet", self._history, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._lines: list[tuple[Any, ...]] = []

    def write(self, exported: Exported) -> bool:
        """Write one experiment."""
        self._rows.append(tell_experiment(exported))
        self._lines += tell_epochs(exported, self._metrics)
        if len(self._lines) + len(self._rows) >= ROWS_AT_ONCE:
            self._flush()
        return True

    def close(self) -> None:
        """Write what waits and close the files."""
        self._flush()
        self._experiments.close()
        self._epochs.close()

    def _flush(self) -> None:
        with taking_room(self._folder):
            rows = [{name: row.get(name) for name in self._facts.names} for row in self._rows]
            self._experiments.write_table(pa.Table.from_pylist(rows, self._facts))
            columns = list(zip(*self._lines, strict=True)) or [()] * len(self._history)
            arrays = [
                pa.array(column, type=each.type) for column, each in zip(columns, self._history, strict=True)
            ]
            self._epochs.write_table(pa.Table.from_arrays(arrays, schema=self._history))
        self._rows, self._lines = [], []


def _prepared(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise InvalidInputError(f"{folder} is a file; name a folder, new or of an earlier export")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
