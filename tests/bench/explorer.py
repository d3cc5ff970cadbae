"""The table of experiments beside bare sqlite3: `python -m tests.bench.explorer [--large]` prints JSON.

A page is 25 rows with six chosen columns, and the count of all; facets are the counts beside it. The bare
engine reads the same by plain SQL, written by hand, on the same file; both take turns.
"""

import json
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from sqlalchemy.orm import Session

from core.queries.explorer import START, count_facets, group_page, list_page, read_live
from core.queries.search import plan_search
from core.settings import get_settings
from core.storage.database import dispose_engines, read_scope
from tests.bench.rows import fill_rows

SIZES = (1_000, 100_000)
LARGE = 1_000_000
EPOCHS = 10
ROUNDS = 5
SHOWN = ("tags", "notes", "lr", "batch_size", "best.val_loss", "last.val_accuracy")
PAGE = """
SELECT e.id, e.name, e.model_type, d.name, e.status, e.split, json_extract(e.audit, '$.sentence'),
  e.total_epochs, e.duration_seconds, u.username, e.created_at, e.started_at, e.source,
  substr(e.notes, 1, 400)
FROM experiments e JOIN datasets d ON d.id = e.dataset_id LEFT JOIN users u ON u.id = e.created_by
WHERE e.archived_at IS NULL ORDER BY e.id DESC LIMIT 25
"""
SEARCH = "model:wdcnn lr<0.001 sort:-best.val_accuracy"
WIDE_SEARCH = "lr>0.00001 status:completed"  # which nine of ten are
COUNT = "SELECT count(*) FROM experiments WHERE archived_at IS NULL"
BESIDE = (
    "SELECT experiment_id, name, best, last, last_epoch FROM experiment_metrics WHERE experiment_id IN ({})",
    "SELECT experiment_id, name, number, text FROM experiment_parameters WHERE experiment_id IN ({})",
    "SELECT experiment_id, t.name FROM experiment_tags, tags t WHERE t.id = tag_id AND experiment_id IN ({})",
)
TAGS = """
SELECT tag_id, count(*) FROM experiment_tags JOIN experiments ON experiments.id = experiment_id
WHERE archived_at IS NULL GROUP BY tag_id
"""
FACETS = (
    *(
        f"SELECT {column}, count(*) FROM experiments WHERE archived_at IS NULL GROUP BY {column}"  # noqa: S608
        for column in ("status", "model_type", "dataset_id", "split", "created_by", "source")
    ),
    TAGS,
)


def measure(*, large: bool = False) -> dict[str, object]:
    """Measure at each size, in milliseconds, the median of some rounds."""
    return {"explorer": {f"{size:,}": _measure_at(size) for size in (*SIZES, *([LARGE] if large else []))}}


def _measure_at(size: int) -> dict[str, object]:
    before = os.environ.get("BRINELL_HOME")
    with TemporaryDirectory(prefix="brinell-explorer-") as folder:
        _use_home(folder)
        try:
            fill_rows(size, EPOCHS)
            return _measure_stored(Path(folder) / "brinell.db", size)
        finally:
            dispose_engines()
            _use_home(before)


def _use_home(folder: str | None) -> None:
    if folder is None:
        os.environ.pop("BRINELL_HOME", None)
    else:
        os.environ["BRINELL_HOME"] = folder
    get_settings.cache_clear()


def _measure_stored(file: Path, size: int) -> dict[str, object]:
    shown = range(size - 49, size + 1)
    with read_scope() as session:
        seen = read_live(session, shown, START).cursor
    turns: dict[str, Callable[[Any], object]] = {
        "page": lambda session: list_page(session, columns=SHOWN),
        "page_by_metric": lambda session: list_page(session, sort="best.val_accuracy", columns=SHOWN),
        "page_in_the_middle": lambda session: list_page(session, columns=SHOWN, offset=size // 2),
        "page_of_a_search": lambda session: list_page(session, "model:wdcnn val_accuracy>0.9", columns=SHOWN),
        "facets": count_facets,
        "opened": lambda session: _open(session, ""),
        "opened_search": lambda session: _open(session, SEARCH),
        "opened_wide_search": lambda session: _open(session, WIDE_SEARCH),
        "groups_of_models": lambda session: group_page(session, "", "model", metrics=["val_accuracy"]),
        "news_of_50": lambda session: read_live(session, shown, seen),
    }
    with closing(sqlite3.connect(file)) as bare:
        bares = {"page": lambda: _read_page(bare), "facets": lambda: _read_facets(bare)}
        found: dict[str, list[float]] = {}
        for _ in range(ROUNDS + 1):  # the first round of each pays for compiled statements
            for name, turn in turns.items():
                with read_scope() as session:
                    found.setdefault(f"{name}_ms", []).append(_time(lambda turn=turn: turn(session)))
            for name, read in bares.items():
                found.setdefault(f"sqlite3_{name}_ms", []).append(_time(read))
    return {name: round(median(values[1:]), 2) for name, values in found.items()}


def _open(session: Session, text: str) -> tuple[object, object]:
    """Read what the explorer shows as it opens: counts by facet, rows, and how many there are."""
    plan = plan_search(session, text)
    return count_facets(session, plan), list_page(session, plan, columns=SHOWN)


def _time(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return (perf_counter() - began) * 1e3


def _read_page(bare: sqlite3.Connection) -> tuple[list[Any], int, list[list[Any]]]:
    rows = bare.execute(PAGE).fetchall()
    marks, ids = ", ".join("?" * len(rows)), [row[0] for row in rows]
    beside = [bare.execute(query.format(marks), ids).fetchall() for query in BESIDE]
    return rows, bare.execute(COUNT).fetchone()[0], beside


def _read_facets(bare: sqlite3.Connection) -> list[list[Any]]:
    return [bare.execute(query).fetchall() for query in FACETS]


if __name__ == "__main__":
    print(json.dumps(measure(large="--large" in sys.argv)))
