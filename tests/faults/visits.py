"""Visit points in processes of their own, several at once: each has its homes, its library and its page."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from core.settings import PROJECT_ROOT
from tests.faults.injector import compile_shim

LONGEST_S = 3600
SERVER_VARIABLE = "BRINELL_FAULTS_POSTGRES"  # empty: the runs are on SQLite


class Visit(NamedTuple):
    """A path and kinds of fault, from the n-th call on, each step-th; `server` where on PostgreSQL."""

    path: str
    kinds: Sequence[str]
    first: int = 1
    step: int = 1
    server: str = ""


class Point(NamedTuple):
    """One run in which one call failed; campaign.py prints it."""

    kind: str
    nth: int
    hit: str  # what the call was on; empty: the run was over before it
    outcome: str  # failed, waiting, raised, completed, clean
    told: str  # what a person reads
    breaches: list[str]


def run_visits(visits: Sequence[Visit], processes: int) -> list[list[Point]]:
    """Return the points of each visit."""
    with ThreadPoolExecutor(processes) as pool:
        return list(pool.map(_run, visits))


def _run(visit: Visit) -> list[Point]:
    with TemporaryDirectory(prefix="brinell-faults-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BRINELL_")}
        environment |= compile_shim(Path(folder))
        environment |= {
            "PYTHONPATH": str(PROJECT_ROOT),
            "OMP_NUM_THREADS": "1",
            "BRINELL_LOG_LEVEL": "error",
            SERVER_VARIABLE: visit.server,
        }
        words = [
            "tests.faults.campaign",
            visit.path,
            ",".join(visit.kinds),
            str(visit.first),
            str(visit.step),
        ]
        done = subprocess.run(
            [sys.executable, "-m", *words],
            env=environment,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return [Point(**json.loads(line)) for line in done.stdout.splitlines()]
