"""Fail the n-th write, sync, rename, commit and send on every path, until the run is clean; print what came.

`python -m tests.proofs.faults [PATH ...]`; exit 1 where a law was broken. SQLite throughout; the commits also
on the PostgreSQL of BRINELL_TEST_POSTGRES_URL.
"""

import os
import sys
from collections import Counter
from time import perf_counter

from rich.console import Console
from rich.table import Table

from tests.faults.injector import KINDS
from tests.faults.paths import PATHS
from tests.faults.visits import Point, Visit, run_visits

PROCESSES = 2
SHARES = 4  # processes that visit one path's points between them
COMMITS = tuple(kind for kind in KINDS if kind.startswith("commit"))
SERVER = os.environ.get("BRINELL_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
OUTCOMES = ("failed", "waiting", "raised", "completed")


def main() -> int:
    """Visit every point and return the exit code."""
    began = perf_counter()
    visits = list_visits(sys.argv[1:] or list(PATHS))
    rows: dict[tuple[str, str], list[Point]] = {
        (path, kind): [] for path in dict.fromkeys(visit.path for visit in visits) for kind in KINDS
    }
    for visit, points in zip(visits, run_visits(visits, PROCESSES), strict=True):
        for point in points:
            kind = f"{point.kind}, PostgreSQL" if visit.server else point.kind
            rows.setdefault((visit.path, kind), []).append(point)
    broken, points = list_broken(rows), sum(map(len, rows.values()))
    console = Console(width=120)
    console.print(make_table(rows))
    console.print(
        f"{points} points in {perf_counter() - began:.0f} s, {len(broken)} broken laws", *broken, sep="\n"
    )
    return 1 if broken else 0


def list_visits(paths: list[str]) -> list[Visit]:
    """Return what has to be visited on these paths."""
    on_sqlite = [Visit(path, tuple(KINDS), first, SHARES) for path in paths for first in range(1, SHARES + 1)]
    return on_sqlite + [Visit(path, COMMITS, server=SERVER) for path in paths]


def make_table(rows: dict[tuple[str, str], list[Point]]) -> Table:
    """Return one line a path and kind."""
    table = Table("path", "fault", "points", *OUTCOMES, "broken laws", box=None)
    for (path, kind), points in rows.items():
        counts = Counter(point.outcome for point in points)
        broken = sum(len(point.breaches) for point in points)
        table.add_row(path, kind, *map(str, (len(points), *(counts[name] for name in OUTCOMES), broken)))
    return table


def list_broken(rows: dict[tuple[str, str], list[Point]]) -> list[str]:
    """Return the broken laws, each with the point that broke it."""
    return [
        f"{path}, {kind} {point.nth} ({point.hit}): {breach}"
        for (path, kind), points in rows.items()
        for point in points
        for breach in point.breaches
    ]


if __name__ == "__main__":
    sys.exit(main())
