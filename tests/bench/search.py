"""Answers of the search language beside bare sqlite3 that runs the very same SQL, at two sizes."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from core.queries.search import count_ids, page_ids, parse_search, plan_search
from core.storage.database import get_engine, read_scope
from tests.bench.epochs import at_home
from tests.bench.rows import fill_rows

SIZES = (1_000, 100_000)
ROUNDS = 9
LIMIT = 20
SEARCHES = {
    "everything": "",
    "best_of_a_model": "model:wdcnn lr<0.001 sort:-best.val_accuracy",
    "best_of_few": "model:wdcnn lr<0.00002 tag:paper sort:-best.val_accuracy",
    "least_loss_of_the_worse": "val_loss>1 optimizer:adam,sgd sort:best.val_loss",
    "by_last": "model:lstm sort:-last.val_accuracy",
    "words": "wdcnn by_bear",
    "rare_words": '"note 17"',
    "any_of": "(tag:baseline or lr>0.09) not status:failed",
}
Statement = tuple[str, Any]


def measure() -> dict[str, object]:
    """Return milliseconds of each search, whole and by its steps, and those of bare sqlite3."""
    return {f"experiments_{size}": _measure_size(size) for size in SIZES}


def _measure_size(size: int) -> dict[str, object]:
    with TemporaryDirectory(prefix="brinell-bench-") as folder, at_home(Path(folder)):
        fill_rows(size, epochs=1)
        bare = sqlite3.connect(Path(folder, "brinell.db"))
        try:
            return {name: _measure_search(text, bare) for name, text in SEARCHES.items()}
        finally:
            bare.close()


def _measure_search(text: str, bare: sqlite3.Connection) -> dict[str, float]:
    with read_scope() as session:
        with _recorded(get_engine()) as statements:
            expected = _answer(session, text)
        turns: dict[str, Callable[[], object]] = {
            "whole_ms": lambda: _answer(session, text),
            "parse_ms": lambda: parse_search.__wrapped__(text),
            "plan_ms": lambda: plan_search(session, text),
            "count_ms": lambda: count_ids(session, plan_search(session, text)),
            "sqlite3_ms": lambda: [bare.execute(*statement).fetchall() for statement in statements],
        }
        assert len(expected) <= LIMIT
        return _time(turns)


def _answer(session: Session, text: str) -> list[int]:
    parse_search.cache_clear()
    return page_ids(session, plan_search(session, text), limit=LIMIT)


@contextmanager
def _recorded(engine: Engine) -> Iterator[list[Statement]]:
    statements: list[Statement] = []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_rest: Any) -> None:
        if sql.startswith(("SELECT", "WITH")):
            statements.append((sql, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _time(turns: dict[str, Callable[[], object]]) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in turns}
    for round_ in range(ROUNDS + 1):
        for name in sorted(turns, reverse=bool(round_ % 2)):
            began = perf_counter()
            turns[name]()
            if round_:  # the first turn of each pays for compiled statements and cold pages
                taken[name].append(1e3 * (perf_counter() - began))
    return {name: round(median(values), 3) for name, values in taken.items()}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
