"""Log, search, ask and seal at once, the sealer killed again and again: `python -m tests.proofs.sealing`.

Two processes log into a hundred experiments each, as people do. A third searches, asks in SQL and
seals, and is killed at random moments; this one asks meanwhile, and logs an experiment of which epochs are
taken back. Each answer must have what was acknowledged before it was asked, and nothing that was not begun
after; none may show a row twice. In the end files and tail together must be the database's rows, and these
what was logged. Exit 1 where a law is broken.
"""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from sqlalchemy import func, insert, select

from core.clock import utc_now
from core.jobs import sealing
from core.models import Dataset, Experiment, TrainingRun
from core.queries.explorer import list_page
from core.queries.warehouse import ask, run_sql
from core.services.epoch_rows import delete_epochs_after, insert_epochs
from core.services.users import get_local_actor
from core.settings import get_settings
from core.storage import migrations
from core.storage.database import read_scope, session_scope
from core.workspace import Workspace
from tests.proofs.databases import KINDS, empty_database

LOGGERS, EACH = 2, 100
TYPED_EACH = 4  # one in so many questions goes the way of those that people type
PAUSE_S = 0.01  # of a logging process: without one SQLite's lock is hardly ever free
MERGED_ROWS = 2_000  # so that files are merged within seconds
LOGGED = """
SELECT x.model, e.experiment_id, count(*) AS n, count(DISTINCT epoch) AS apart, max(epoch) AS last,
       sum(train_loss) AS total, sum((metrics->>'progress')::DOUBLE) AS progress
FROM epochs AS e JOIN experiments AS x ON x.id = e.experiment_id WHERE x.model LIKE 'logger-%' GROUP BY ALL
"""
OWNED = """
SELECT count(*) AS n, max(epoch) AS last
FROM epochs WHERE experiment_id = (SELECT id FROM experiments WHERE model = 'own')
"""
cli = typer.Typer(add_completion=False)


@dataclass(slots=True)
class Course:
    """What came of one run."""

    database: str
    rows: int = 0
    answers: int = 0
    searches: int = 0
    sealed: int = 0  # rows, by sealers that told of it before they were killed
    kills: int = 0
    broken: list[str] = field(default_factory=list)


class Progress:
    """How far a logger is, for all to read: the epoch that it has begun, and the one that is stored."""

    def __init__(self, logger: int) -> None:
        self.logger, file = logger, get_settings().home / f"logger-{logger}"
        if not file.exists():
            file.write_bytes(bytes(3 * 8))
        self._numbers = np.memmap(file, dtype=np.int64, mode="r+", shape=(3,))

    @property
    def begun(self) -> int:
        """The epoch of which some experiment may have its row."""
        return int(self._numbers[0])

    @begun.setter
    def begun(self, epoch: int) -> None:
        self._numbers[0] = epoch

    @property
    def stored(self) -> int:
        """The epoch of which every experiment has its row: each flush() has returned."""
        return int(self._numbers[1])

    @stored.setter
    def stored(self, epoch: int) -> None:
        self._numbers[1] = epoch

    @property
    def is_over(self) -> bool:
        """Whether the logger is asked to end."""
        return bool(self._numbers[2])

    def end(self) -> None:
        """Ask the logger to end."""
        self._numbers[2] = 1


def prove(kind: str, seconds: float, seed: int) -> Course:
    """Run all of them for some seconds on a database of a kind."""
    course, rng = Course(kind), np.random.default_rng(seed)
    with empty_database(kind) as home:
        migrations.upgrade()
        _add_own_experiment()
        progress, told = [Progress(number) for number in range(LOGGERS)], home / "sealers.jsonl"
        loggers = [_start("log", str(number)) for number in range(LOGGERS)]
        sealer = _start("seal", str(told), str(seed))
        until, kill_at = time.monotonic() + seconds, time.monotonic() + rng.uniform(0.1, 3.0)
        try:
            for number in itertools.count():
                if time.monotonic() > until and course.kills:
                    break
                course.broken += _check_answer(progress, typed=number % TYPED_EACH == TYPED_EACH - 1)
                course.broken += _check_own(number)
                course.answers += 2
                if time.monotonic() > kill_at:
                    _end(sealer)
                    course.kills += 1
                    sealer = _start("seal", str(told), f"{seed + course.kills}")
                    kill_at = time.monotonic() + rng.uniform(0.1, 3.0)
                if ended := [process.args for process in (*loggers, sealer) if process.poll() is not None]:
                    course.broken.append(f"ended by itself: {ended}")
                    break
            course.broken += _finish(loggers, progress)
        finally:
            for process in (*loggers, sealer):
                _end(process)
        _count_sealers(told, course)
        sealing.seal(utc_now(), at_once=True)
        course.broken += itertools.chain(_compare(), _check_logged(progress))
        with read_scope() as session:
            course.rows = session.scalar(select(func.count(TrainingRun.id))) or 0
    return course


def _start(*words: str) -> "subprocess.Popen[bytes]":
    """Start one of them and wait until it is at work."""
    process = subprocess.Popen([sys.executable, "-m", "tests.proofs.sealing", *words], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


def _finish(loggers: Sequence["subprocess.Popen[bytes]"], progress: Sequence[Progress]) -> Iterator[str]:
    """Have the loggers leave their blocks; one that ends with an error breaks a law."""
    for each in progress:
        each.end()
    for process in loggers:
        if code := process.wait(timeout=300):
            yield f"{process.args} ended with {code}"


def _add_own_experiment() -> None:
    with session_scope() as session:
        actor = get_local_actor(session, "cli")
        dataset = Dataset(name="rig", created_by=actor.user_id)
        session.add(dataset)
        session.flush()
        told = {"name": "own", "model_type": "own", "dataset_id": dataset.id, "created_by": actor.user_id}
        session.execute(insert(Experiment), [told])


def _check_answer(progress: Sequence[Progress], *, typed: bool) -> Iterator[str]:
    """Ask what was logged of each experiment."""
    stored = [each.stored for each in progress]
    frame = run_sql(LOGGED).frame if typed else ask(LOGGED)
    for each, least in zip(progress, stored, strict=True):
        most, rows = each.begun, frame[frame.model == f"logger-{each.logger}"]
        if least and len(rows) != EACH:
            yield f"{len(rows)} of {EACH} experiments of logger {each.logger} were told at epoch {least}"
        for row in rows.itertuples():
            if not least <= row.n <= most:
                yield f"{row.n} epochs of {row.experiment_id} were told, {least} stored and {most} begun"
            if not row.n == row.apart == row.last:
                yield f"{row.n} epochs of {row.experiment_id} were told: {row.apart} apart, last {row.last}"
            if not row.total == row.progress / 2 == _sum_losses(row.n):
                yield f"figures of {row.experiment_id} come to {row.total} and {row.progress} at {row.n}"


def _sum_losses(epochs: int) -> float:
    return epochs * (epochs + 1) / 4


def _check_search(progress: Sequence[Progress]) -> Iterator[str]:
    """Search by the last value, which summaries tell: all that is stored is found, nothing beyond."""
    for each in progress:
        least = each.stored
        found = _count_found(f"model = logger-{each.logger} AND last.progress >= {least}") if least else EACH
        if found != EACH:
            yield f"a search found {found} of {EACH} experiments of logger {each.logger} at epoch {least}"
        latest = _find_latest(each.logger)
        if latest > each.begun:
            yield f"a search found epoch {latest} of logger {each.logger}, which had begun {each.begun}"


def _count_found(text: str) -> int:
    with read_scope() as session:
        return list_page(session, text, limit=1).total


def _find_latest(logger: int) -> float:
    text = f"model = logger-{logger} sort:-last.progress"
    with read_scope() as session:
        page = list_page(session, text, limit=1, columns=["last.progress"])
    values = [float(value) for row in page.values.values() for value in row.values() if value is not None]
    return max(values, default=0.0)


def _check_own(number: int) -> Iterator[str]:
    """Log an epoch, or take some back as a resumed run does, and see exactly that."""
    with session_scope() as session:
        own = session.scalars(select(Experiment.id).where(Experiment.name == "own")).one()
        if number % 7 == 6:
            delete_epochs_after(session.connection(), own, 2)
        last = (
            session.scalar(select(func.max(TrainingRun.epoch)).where(TrainingRun.experiment_id == own)) or 0
        )
        insert_epochs(session.connection(), [_row(own, last + 1)])
    frame = ask(OWNED)
    if (int(frame.n[0]), int(frame["last"][0])) != (last + 1, last + 1):
        yield f"of {last + 1} epochs {frame.n[0]} were told, the last being {frame['last'][0]}"


def _row(experiment_id: int, epoch: int) -> dict[str, object]:
    now = utc_now()
    told = {"experiment_id": experiment_id, "epoch": epoch, "train_loss": epoch / 2, "metrics": {}}
    return {**dict.fromkeys(ROW), **told, "created_at": now, "updated_at": now}


ROW = ("train_accuracy", "val_accuracy", "val_loss", "learning_rate", "duration_seconds")


def _compare() -> Iterator[str]:
    told = ask("SELECT id, experiment_id, epoch, train_loss FROM epochs ORDER BY id")
    columns = (TrainingRun.id, TrainingRun.experiment_id, TrainingRun.epoch, TrainingRun.train_loss)
    with read_scope() as session:
        stored = session.execute(select(*columns).order_by(TrainingRun.id)).all()
    if list(told.itertuples(index=False, name=None)) != list(map(tuple, stored)):
        yield f"in the end {len(told)} rows are told and {len(stored)} are stored, and they differ"


def _check_logged(progress: Sequence[Progress]) -> Iterator[str]:
    """In the end every logger's last epoch is there, its summaries say so, and its blocks were left."""
    yield from _check_answer(progress, typed=True)
    yield from _check_search(progress)
    for each in progress:
        if each.stored != each.begun:
            yield f"logger {each.logger} had begun epoch {each.begun} and stored {each.stored}"
        ended = _count_found(f"model = logger-{each.logger} AND status = completed")
        if ended != EACH:
            yield f"{ended} of {EACH} experiments of logger {each.logger} are completed"


def _count_sealers(told: Path, course: Course) -> None:
    """Add what the third process has told, round by round."""
    for line in told.read_text().splitlines():
        round_ = json.loads(line)
        course.searches += round_["searches"]
        course.answers += round_["answers"]
        course.sealed += round_["sealed"]
        course.broken += round_["broken"]


@cli.command()
def log(number: int) -> None:
    """Log epoch after epoch into experiments, all of them open at a time, until asked to end."""
    progress = Progress(number)
    typer.echo("at work")
    with ExitStack() as stack:
        runs = [
            stack.enter_context(
                Workspace().experiment(
                    name=f"logger {number} {each}", model=f"logger-{number}", dataset="rig"
                )
            )
            for each in range(EACH)
        ]
        for epoch in itertools.count(1):
            if progress.is_over:
                break
            progress.begun = epoch
            for run in runs:
                run.log_epoch(epoch, train_loss=epoch / 2, progress=float(epoch))
                time.sleep(PAUSE_S)
            for run in runs:
                run.flush()
            progress.stored = epoch


@cli.command()
def seal(told: Path, seed: int) -> None:
    """Search, ask and seal again and again, until killed; tell each round in one write."""
    sealing.PART_ROWS, sealing.TIERS = MERGED_ROWS, (100, 500, MERGED_ROWS)
    progress, rng = [Progress(number) for number in range(LOGGERS)], np.random.default_rng(seed)
    file = os.open(told, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    typer.echo("at work")
    while True:
        broken = [
            *_check_search(progress),
            *_check_answer(progress, typed=bool(rng.random() < 1 / TYPED_EACH)),
        ]
        sealed = sealing.seal(utc_now(), at_once=True)
        counts = {"searches": 2 * LOGGERS, "answers": 1, "sealed": sealed.rows}
        os.write(file, (json.dumps(counts | {"broken": broken}) + "\n").encode())


@cli.command()
def run(
    *,
    seconds: Annotated[float, typer.Option(help="on each database")] = 60.0,
    seed: Annotated[int, typer.Option(help="of the moments of the kills")] = 0,
) -> None:
    """Prove it on both databases."""
    courses = [prove(kind, seconds, seed) for kind in KINDS]
    for course in courses:
        typer.echo(
            f"{course.database}: {course.rows:,} rows, {course.answers} answers, {course.searches} searches, "
            f"{course.sealed:,} rows sealed, {course.kills} kills, {len(course.broken)} broken laws"
        )
        for broken in course.broken[:10]:
            typer.echo(f"  {broken}")
    if any(course.broken for course in courses):
        raise typer.Exit(1)


if __name__ == "__main__":
    cli()
