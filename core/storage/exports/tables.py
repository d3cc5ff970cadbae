"""Experiments as two tables: one row an experiment, and one row an epoch."""

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ClassVar, Self

import pyarrow as pa
import pyarrow.parquet as pq

from core.clock import seconds_between
from core.errors import ConflictError, InvalidInputError
from core.storage.exports.folders import make_folder
from core.storage.exports.records import Exported
from core.storage.foreign.roles import names_role
from core.storage.foreign.tables import FIGURE, PARAMETER
from core.storage.foreign.values import guarded
from core.storage.room import taking_room

EXPERIMENTS, EPOCHS = "experiments", "epochs"
FACTS = (
    "id", "status", "model", "dataset", "split", "source", "user", "created", "started", "finished",
    "duration_s", "tags", "notes",
)  # fmt: skip
HEADS = (["run", "id"], ["run", "epoch"])  # epochs had no id once
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
        "duration_s": seconds_between(started, finished) if started and finished else None,
        "tags": ", ".join(exported.tags) or None,
        "notes": exported.notes,
    }
    named = {f"{PARAMETER}{name}": _text(value) for name, value in exported.hyperparameters.items()}
    return facts | named | {f"{FIGURE}{name}": _text(value) for name, value in exported.figures.items()}


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def tell_epochs(exported: Exported, metrics: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    """Yield the rows of an experiment's epochs: name, id, number, and a value or None of each metric."""
    numbers = exported.epochs.get("epoch", ())
    unmeasured = [None] * len(numbers)
    columns = [exported.epochs.get(name, unmeasured) for name in metrics]
    names, ids = [exported.name] * len(numbers), [exported.id] * len(numbers)
    yield from zip(names, ids, numbers, *columns, strict=True)


def title(metric: str) -> str:
    """Return the name of a metric's column, which no other column has and which is read as a metric's."""
    is_taken = metric.startswith(FIGURE) or names_role(metric)
    return f"{FIGURE}{metric}" if is_taken else metric


class Tables(ABC):
    """Two files in a folder, which take the place of an earlier export's once both are whole."""

    suffix: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self._folder = _prepared(folder)
        self.replaces = False  # an earlier export
        for name in (EXPERIMENTS, EPOCHS):
            target = self._target(name)
            if not target.exists():
                continue
            self.replaces = True
            if self._read_head(target)[:2] not in HEADS:
                raise ConflictError(
                    f"{target} is there and of no earlier export, so nothing was written; name another folder"
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files, and put them in their places where all is in them."""
        try:
            self._close(is_whole=kind is None)
            if kind is None:
                for name in (EXPERIMENTS, EPOCHS):
                    self._draft(name).replace(self._target(name))
        finally:
            for name in (EXPERIMENTS, EPOCHS):
                self._draft(name).unlink(missing_ok=True)

    @abstractmethod
    def _read_head(self, file: Path) -> list[str]:
        """Return the columns of a file, none where it is no such file."""

    @abstractmethod
    def _close(self, *, is_whole: bool) -> None:
        """Close the files, having written what waits where they are to be kept."""

    def _target(self, name: str) -> Path:
        return self._folder / f"{name}{self.suffix}"

    def _draft(self, name: str) -> Path:
        return self._folder / f".{name}{self.suffix}.draft"


class CsvTables(Tables):
    """experiments.csv and epochs.csv in a folder; no cell of them is a formula."""

    suffix = ".csv"

    def __init__(self, folder: Path, columns: Sequence[str], metrics: Sequence[str]) -> None:
        super().__init__(folder)
        self._columns, self._metrics = ["run", *FACTS, *columns], list(metrics)
        with taking_room(folder):
            self._experiments = self._open(EXPERIMENTS, self._columns)
            self._epochs = self._open(EPOCHS, ["run", "id", "epoch", *map(title, self._metrics)])

    def write(self, exported: Exported) -> bool:
        """Write one experiment."""
        row = tell_experiment(exported)
        with taking_room(self._folder):
            csv.writer(self._experiments).writerow([_cell(row.get(name)) for name in self._columns])
            csv.writer(self._epochs).writerows(
                [_cell(each) for each in row] for row in tell_epochs(exported, self._metrics)
            )
        return True

    def _close(self, *, is_whole: bool) -> None:
        with taking_room(self._folder), closing(self._experiments), closing(self._epochs):
            if is_whole:
                self._experiments.flush()
                self._epochs.flush()

    def _read_head(self, file: Path) -> list[str]:
        try:
            with file.open(encoding="utf-8", newline="") as opened:
                return next(csv.reader(opened), [])
        except (csv.Error, UnicodeDecodeError):
            return []

    def _open(self, name: str, columns: Sequence[str]) -> IO[str]:
        file = self._draft(name).open("w", encoding="utf-8", newline="")
        csv.writer(file).writerow([guarded(column) for column in columns])
        return file


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return guarded(value)
    return repr(value) if isinstance(value, float) else value


class ParquetTables(Tables):
    """experiments.parquet and epochs.parquet in a folder."""

    suffix = ".parquet"

    def __init__(self, folder: Path, columns: Sequence[str], metrics: Sequence[str]) -> None:
        super().__init__(folder)
        self._metrics = list(metrics)
        types = {"id": pa.int64(), "duration_s": pa.float64()}
        names = ["run", *FACTS, *columns]
        self._facts = pa.schema([(name, types.get(name, pa.string())) for name in names])
        fixed = [("run", pa.string()), ("id", pa.int64()), ("epoch", pa.int64())]
        measured = [(title(name), pa.float64()) for name in self._metrics]
        self._history = pa.schema([*fixed, *measured])
        with taking_room(folder):
            self._experiments = self._open(EXPERIMENTS, self._facts)
            self._epochs = self._open(EPOCHS, self._history)
        self._rows: list[dict[str, Any]] = []
        self._lines: list[tuple[Any, ...]] = []

    def write(self, exported: Exported) -> bool:
        """Write one experiment."""
        self._rows.append(tell_experiment(exported))
        self._lines += tell_epochs(exported, self._metrics)
        if len(self._lines) + len(self._rows) >= ROWS_AT_ONCE:
            self._flush()
        return True

    def _close(self, *, is_whole: bool) -> None:
        with closing(self._experiments), closing(self._epochs):
            if is_whole:
                self._flush()

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

    def _read_head(self, file: Path) -> list[str]:
        try:
            return list(pq.read_schema(file).names)
        except pa.ArrowInvalid:
            return []

    def _open(self, name: str, schema: pa.Schema) -> pq.ParquetWriter:
        return pq.ParquetWriter(self._draft(name), schema, compression="zstd")


def _prepared(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise InvalidInputError(f"{folder} is a file; name a folder, new or of an earlier export")
    make_folder(folder)
    return folder
