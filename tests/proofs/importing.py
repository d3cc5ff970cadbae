"""Imports as people ask for them, in a home of their own, and what they leave there."""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import structlog
from sqlalchemy import func, select

from core.jobs.running import run_job
from core.models import Dataset, Signal
from core.queries.runs import ImportReport, get_import_report
from core.services.datasets import request_import
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import ImportSpec, MixedRates, StatedFacts
from core.storage import migrations
from core.storage.database import read_scope, session_scope
from core.storage.reading import borrow_reader
from tests.bench.epochs import at_home

STATED = StatedFacts(rate_hz=12_000.0, fault_class="ball")
NEXT_STEP = re.compile(
    r"\b(check|cut|export|fetch|give|import|leave|mend|name|pack|rename|save|send|split|store|write)\b"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One import: what it told, how long it took and what this process grew by."""

    report: ImportReport
    seconds: float
    grown_bytes: int

    @property
    def message(self) -> str:
        """All that it said against files, in one text."""
        refused = [f"{name}: {error}" for name, error in self.report.errors.items()]
        return " | ".join([*refused, self.report.error_message or ""])


@contextmanager
def importing_home(folder: Path) -> Iterator[None]:
    """Stand in a fresh home at head, its log silent."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with at_home(folder):
        os.environ["BRINELL_LOG_LEVEL"] = "error"
        get_settings.cache_clear()
        migrations.upgrade()
        yield


def import_paths(paths: Sequence[Path], dataset: str, stated: StatedFacts = STATED) -> Outcome:
    """Do one import by the real job; the reader process is warm when the clock begins to run."""
    with borrow_reader(0):
        pass
    with session_scope() as session:
        spec = ImportSpec(dataset=dataset, paths=tuple(paths), stated=stated, mixed_rates=MixedRates.KEEP)
        row_id = request_import(session, get_local_actor(session, "cli"), spec).id
    before = _reset_peak()
    began = perf_counter()
    run_job(JobKind.IMPORT, row_id)
    seconds, grown = perf_counter() - began, _read_status("VmHWM") - before
    with read_scope() as session:
        return Outcome(get_import_report(session, row_id), seconds, grown)


def count_rows() -> tuple[int, int]:
    """Return how many data sets and signals there are."""
    with read_scope() as session:
        return (
            session.scalar(select(func.count(Dataset.id))) or 0,
            session.scalar(select(func.count(Signal.id))) or 0,
        )


def list_tree(folder: Path) -> frozenset[str]:
    """Return everything that lies under a folder, save the database's own files and messages to workers."""
    return frozenset(
        os.path.relpath(os.path.join(parent, name), folder)  # noqa: PTH118 - names may be any bytes
        for parent, folders, files in os.walk(folder)
        for name in [*folders, *files]
        if not name.startswith("brinell.db") and Path(parent).name not in {"broker", "queue"}
    )


def _reset_peak() -> int:
    """Begin a new peak of this process's memory and return what it holds now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _read_status("VmRSS")


def _read_status(field: str) -> int:
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(field))
    return int(line.split()[1]) * 1024
