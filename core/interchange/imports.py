"""Bring other programs' runs in: their stores read by a confined process, entered some runs at a time."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import InvalidInputError
from core.services.access import Actor, Via, require_researcher
from core.services.experiment_imports import (
    ForeignRun,
    Outcome,
    enter_runs,
    find_known,
    fingerprint,
    judge,
    with_file,
)
from core.services.experiments import ArtifactFile
from core.services.foreign_curves import tell_curves
from core.services.foreign_growth import HISTORY
from core.services.users import get_local_actor
from core.storage import artifacts
from core.storage.database import read_scope, session_scope
from core.storage.foreign.asking import RunReaders, open_reader
from core.storage.foreign.records import NO_STEP, NO_TIME, Broken, Columns, Expected, Form, Remark, Role
from core.storage.foreign.runs import Part, Run
from core.storage.foreign.sources import Source, find_sources
from core.storage.readers.limits import printable
from core.storage.transactions import run_write

RUNS_AT_ONCE = 200  # a transaction
VALUES_AT_ONCE = 200_000
PROGRAMS = {Form.MLFLOW: "mlflow", Form.MLRUNS: "mlflow", Form.LINES: "jsonl", Form.TABLE: "csv"}
OnProgress = Callable[[int, int], None]  # runs done, runs known of


@dataclass(frozen=True, slots=True)
class RunLine:
    """What is told of one run, before or after it is entered."""

    outcome: str
    name: str
    source: str
    group: str | None
    status: str
    epochs: int
    metrics: int
    values: int
    parameters: int
    findings: tuple[str, ...]


@dataclass(slots=True)
class RunImport:
    """What an import of runs did, or would do."""

    lines: list[RunLine] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # run or file, and why
    remarks: list[str] = field(default_factory=list)
    columns: dict[str, dict[str, Role]] = field(default_factory=dict)  # of tables, what they are taken for

    def count(self, outcome: Outcome) -> int:
        """Return how many runs came to that."""
        return sum(line.outcome == outcome for line in self.lines)

    @property
    def num_values(self) -> int:
        """How many values the runs hold in all."""
        return sum(line.values for line in self.lines)


def import_runs(
    paths: Sequence[Path],
    *,
    via: Via,
    dataset: str | None = None,
    tags: Sequence[str] = (),
    roles: Mapping[str, Role] | None = None,
    dry_run: bool = False,
    on_progress: OnProgress = lambda _done, _known: None,
) -> RunImport:
    """Enter the runs under the paths as experiments; what is known already is not entered again."""
    sources = find_sources(paths)
    with session_scope() as session:
        actor = get_local_actor(session, via)
    require_researcher(actor)
    work = _Import(actor, dataset, tuple(tags), dry_run, on_progress, expected=len(sources))
    with open_reader() as readers:
        for source in sources:
            work.take_source(readers, source, roles or {})
        work.enter()
    return work.report


@dataclass(slots=True)
class _Import:
    actor: Actor
    dataset: str | None
    tags: tuple[str, ...]
    dry_run: bool
    on_progress: OnProgress
    expected: int  # runs; a source is one until it says otherwise
    report: RunImport = field(default_factory=RunImport)
    waiting: list[tuple[ForeignRun, Run]] = field(default_factory=list)

    def take_source(self, readers: RunReaders, source: Source, roles: Mapping[str, Role]) -> None:
        """Take the runs of one store; what of it cannot be read is told, and the rest goes on."""
        try:
            with source.open() as file:
                written_ns = os.fstat(file.fileno()).st_mtime_ns
                for place, part in enumerate(readers.read(file, source.form, source.name, roles)):
                    if place == 0:  # by now it was taken in whole
                        source.refuse_changed(file, written_ns)
                    self._take(part, source)
        except InvalidInputError as error:
            self._refuse(source.name, str(error))

    def _take(self, part: Part, source: Source) -> None:
        if isinstance(part, Run):
            self._take_run(part, source)
        elif isinstance(part, Broken):
            self._refuse(f"{source.name}: {part.name}", part.message)
        elif isinstance(part, Columns):
            self.report.columns[source.name] = dict(part.roles)
        elif isinstance(part, Remark):
            self.report.remarks.append(part.message)
        elif isinstance(part, Expected):
            self.expected += part.runs - 1

    def _take_run(self, run: Run, source: Source) -> None:
        try:
            told = tell_curves(run.found, run.points)
        except InvalidInputError as error:
            self._refuse(f"{source.name}: {run.found.name}", str(error))
            return
        program = PROGRAMS.get(source.form, source.form.value)
        origin = ":".join(filter(None, (program, source.scope, run.found.origin)))
        foreign = ForeignRun(origin, program, source.name, run.found, told, fingerprint(run))
        self.waiting.append((foreign, run))
        num_values = sum(len(run.points) for _, run in self.waiting)
        if len(self.waiting) >= RUNS_AT_ONCE or num_values >= VALUES_AT_ONCE:
            self.enter()

    def _refuse(self, name: str, why: str) -> None:
        self.report.refused[printable(name)] = why

    def enter(self) -> None:
        """Enter the runs that wait, all in one transaction."""
        # A store may name one run twice; the first is the run, and a second would be no news of it.
        runs = {foreign.origin: (foreign, run) for foreign, run in reversed(self.waiting)}
        self.waiting = []
        with read_scope() as session:
            known = find_known(session, runs)
        judged = [
            (judge(self.actor, foreign, known.get(o)), foreign, run) for o, (foreign, run) in runs.items()
        ]
        judged.reverse()
        if self.dry_run:
            outcomes = [outcome for outcome, _, _ in judged]
        else:
            filed = [_with_values(*each) for each in judged]
            outcomes = run_write(
                lambda session: enter_runs(session, self.actor, filed, dataset=self.dataset, tags=self.tags)
            )
        lines = zip(outcomes, judged, strict=True)
        self.report.lines += [_tell(outcome, foreign, run) for outcome, (_, foreign, run) in lines]
        self.on_progress(len(self.report.lines) + len(self.report.refused), self.expected)


def _with_values(outcome: Outcome, foreign: ForeignRun, run: Run) -> ForeignRun:
    """Write every single value to a file where the epochs do not hold them all."""
    if outcome in {Outcome.KNOWN, Outcome.KEPT} or foreign.told.is_whole:
        return foreign
    return with_file(foreign, _write_values(run))


def _write_values(run: Run) -> ArtifactFile:
    points, names = run.points, pa.array(run.found.metrics)
    no_step, no_time = points["step"] == NO_STEP, points["time_ms"] == NO_TIME
    table = pa.table(
        {
            "metric": pa.DictionaryArray.from_arrays(pa.array(points["metric"].copy()), names),
            "step": pa.array(points["step"].copy(), mask=no_step),
            "time": pa.array(points["time_ms"].copy(), mask=no_time).cast(pa.timestamp("ms", tz="UTC")),
            "value": points["value"].copy(),
        }
    )
    with artifacts.writing() as draft:
        pq.write_table(table, draft.path, compression="zstd")
    return ArtifactFile(
        id=draft.artifact_id,
        kind=HISTORY,
        name="history.parquet",
        media_type="application/vnd.apache.parquet",
        size_bytes=draft.size,
        sha256=draft.sha256,
    )


def _tell(outcome: Outcome, foreign: ForeignRun, run: Run) -> RunLine:
    found, told = foreign.found, foreign.told
    return RunLine(
        outcome=outcome.value,
        name=found.name,
        source=foreign.source,
        group=found.group,
        status=found.status,
        epochs=len(told.epochs.get("epoch", ())),
        metrics=len(found.metrics),
        values=len(run.points),
        parameters=len(found.parameters),
        findings=told.findings,
    )
