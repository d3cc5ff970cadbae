"""MLflow's tracking store in SQLite, of MLflow 2 and 3: runs, every value of every metric, params, tags.

The file is taken into memory and read there: nothing that it names is opened, nothing that it defines run.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import IO

import numpy as np
from numpy.typing import NDArray

from core.errors import UnreadableFileError
from core.storage.foreign.mlflow_runs import Facts, build
from core.storage.foreign.records import POINT, POINTS, Broken, Expected, Points, Remark
from core.storage.foreign.runs import Parts, Run
from core.storage.readers.limits import printable

MAGIC = b"SQLite format 3\x00"
HEAD_BYTES = 100
# What of each table is read; later versions have more columns.
TABLES = {
    "experiments": ("experiment_id", "name"),
    "runs": (
        "run_uuid", "name", "user_id", "status", "start_time", "end_time", "source_name", "source_version",
        "lifecycle_stage", "experiment_id",
    ),
    "metrics": ("key", "value", "timestamp", "run_uuid", "step", "is_nan"),
    "params": ("key", "value", "run_uuid"),
    "tags": ("key", "value", "run_uuid"),
}  # fmt: skip
INPUTS = {
    "datasets": ("dataset_uuid", "name"),
    "inputs": ("source_type", "source_id", "destination_type", "destination_id"),
}
RUNS = 1_000_000
CHUNK = 50_000
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION})
_WELL_TYPED = (
    "typeof(run_uuid) = 'text' and typeof(key) = 'text' and typeof(value) in ('real', 'integer') "
    "and typeof(step) = 'integer' and typeof(timestamp) = 'integer' and typeof(is_nan) = 'integer'"
)


def read(file: IO[bytes], name: str) -> Parts:
    """Yield the runs of a store, those that were deleted in MLflow left out."""
    with closing(_open(file, name)) as store:
        try:
            yield from _Store(store, name).read()
        except sqlite3.Error as error:
            raise UnreadableFileError(
                f"{name} is damaged or no store of MLflow ({printable(str(error))}): look at it with "
                "`sqlite3 FILE 'pragma integrity_check'`, or import a backup"
            ) from error


def _open(file: IO[bytes], name: str) -> sqlite3.Connection:
    content = bytearray(file.read())
    if not content.startswith(MAGIC) or len(content) < HEAD_BYTES:
        raise UnreadableFileError(f"{name} should begin as a SQLite database does; name mlflow.db")
    content[18:20] = b"\x01\x01"  # of write-ahead mode, which a database in memory does not know
    store = sqlite3.connect(":memory:", isolation_level=None)
    # One text that is no UTF-8 is shown as it stands and keeps no run out.
    store.text_factory = lambda text: text.decode("utf-8", "backslashreplace")
    store.deserialize(content)
    store.execute("PRAGMA trusted_schema = OFF")
    store.execute("PRAGMA cell_size_check = ON")
    store.execute("PRAGMA temp_store = MEMORY")
    store.execute("PRAGMA query_only = ON")
    return store


class _Store:
    def __init__(self, store: sqlite3.Connection, name: str) -> None:
        self.store, self.name = store, name
        self._check_tables(TABLES, needed=True)
        self.has_inputs = self._check_tables(INPUTS, needed=False)
        store.set_authorizer(lambda act, *_: sqlite3.SQLITE_OK if act in _ALLOWED else sqlite3.SQLITE_DENY)

    def _check_tables(self, tables: dict[str, tuple[str, ...]], *, needed: bool) -> bool:
        """Refuse tables that are none: views, virtual tables, columns that are computed."""
        for table, columns in tables.items():
            made = self.store.execute(
                "SELECT type, rootpage FROM sqlite_master WHERE name = ? COLLATE NOCASE", (table,)
            ).fetchall()
            found = {row[1]: row[6] for row in self.store.execute(f"PRAGMA table_xinfo({table})")}
            if not made and not needed:
                return False
            is_plain = len(made) == 1 and made[0][0] == "table" and made[0][1]
            if not is_plain or any(found.get(column) != 0 for column in columns):
                raise UnreadableFileError(
                    f"{self.name} should hold a table {table} with the columns {', '.join(columns)}, as "
                    f"MLflow 2 and 3 write it, and has {', '.join(map(printable, found)) or 'none'}; "
                    "bring an older store up with `mlflow db upgrade`"
                )
        return True

    def read(self) -> Parts:
        runs = list(self._runs())
        places = {facts.run_id: place for place, facts in enumerate(runs)}
        yield Expected(runs=len(runs))
        yield from self._remarks()
        self._add_texts(runs, places)
        names, values, owners = self._values(places)
        wrong = self._count_wrong()
        starts = np.searchsorted(owners, np.arange(len(runs) + 1))
        for place, facts in enumerate(runs):
            if facts.run_id in wrong:
                yield Broken(
                    name=printable(str(facts.name))[:500],
                    message=f"{wrong[facts.run_id]:,} of its values have text where MLflow writes numbers",
                )
                continue
            mine = values[starts[place] : starts[place + 1]]
            yield _run(facts, names, mine)

    def _remarks(self) -> Iterator[Remark]:
        (deleted,) = self.store.execute(
            "SELECT count(*) FROM runs WHERE lifecycle_stage = 'deleted'"
        ).fetchone()
        if deleted:
            yield Remark(message=f"{deleted:,} runs are deleted in MLflow, so they are left out")

    def _runs(self) -> Iterator[Facts]:
        groups = dict(self.store.execute("SELECT experiment_id, name FROM experiments"))
        columns = ", ".join(TABLES["runs"])
        rows = self.store.execute(
            f"SELECT {columns} FROM runs WHERE coalesce(lifecycle_stage, 'active') <> 'deleted' "  # noqa: S608
            "AND typeof(run_uuid) = 'text' ORDER BY start_time, run_uuid"
        )
        for number, row in zip(count(), rows, strict=False):
            if number >= RUNS:
                raise UnreadableFileError(f"{self.name} holds more than {RUNS:,} runs; export a part of them")
            run_id, name, user, status, started, ended, source, version, _, group = row
            yield Facts(
                run_id=run_id, name=name or run_id, user=user, status=status, started=started, ended=ended,
                group=groups.get(group), facts={"source": source, "version": version},
            )  # fmt: skip

    def _add_texts(self, runs: list[Facts], places: dict[str, int]) -> None:
        for table in ("params", "tags"):
            # Longer texts than are kept are told by their length, whatever they are.
            rows = self.store.execute(f"SELECT run_uuid, key, value FROM {table}")  # noqa: S608
            for run_id, key, value in rows:
                if (place := places.get(run_id)) is not None:
                    getattr(runs[place], table)[key] = value
        if self.has_inputs:
            rows = self.store.execute(
                "SELECT i.destination_id, d.name FROM inputs i "
                "JOIN datasets d ON d.dataset_uuid = i.source_id "
                "WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' ORDER BY d.name"
            )
            for run_id, dataset in rows:
                if (place := places.get(run_id)) is not None:
                    runs[place].datasets.append(str(dataset))

    def _values(self, places: dict[str, int]) -> tuple[list[str], Points, NDArray[np.int32]]:
        """Return all values of all runs, those of a run side by side in the order of step and time."""
        keys: defaultdict[str, int] = defaultdict(lambda: len(keys))
        parts, owners = [np.empty(0, POINT)], [np.empty(0, np.int32)]
        rows = self.store.execute(
            f"SELECT run_uuid, key, step, timestamp, value, is_nan FROM metrics WHERE {_WELL_TYPED}"  # noqa: S608
        )
        while chunk := rows.fetchmany(CHUNK):
            run_ids, names, steps, times, numbers, is_nan = zip(*chunk, strict=True)
            part = np.empty(len(chunk), POINT)
            part["metric"], part["step"], part["time_ms"] = [keys[key] for key in names], steps, times
            part["value"] = numbers
            part["value"][np.array(is_nan, dtype=bool)] = np.nan
            owner = np.array([places.get(run_id, -1) for run_id in run_ids], np.int32)
            parts.append(part[owner >= 0])
            owners.append(owner[owner >= 0])
        values, owned = np.concatenate(parts), np.concatenate(owners)
        order = np.lexsort((values["time_ms"], values["step"], values["metric"], owned))
        return list(keys), values[order], owned[order]

    def _count_wrong(self) -> dict[str, int]:
        return dict(
            self.store.execute(
                f"SELECT run_uuid, count(*) FROM metrics WHERE NOT ({_WELL_TYPED}) GROUP BY 1"  # noqa: S608
            )
        )


def _run(facts: Facts, names: list[str], values: Points) -> Run | Broken:
    if len(values) > POINTS:
        return Broken(name=printable(str(facts.name))[:500], message=f"more than {POINTS:,} values")
    used, places = np.unique(values["metric"], return_inverse=True)
    values["metric"] = places
    return build(facts, [names[place] for place in used], values)
