"""Log, ask and seal at once, the sealer killed again and again: `python -m tests.proofs.sealing`.

Two processes log epochs into experiments of their own, a third seals and is killed at random moments, and
this one asks. Each answer must lie between what was committed before and after it, none may show a row
twice, and in the end files and tail together must be the database's rows. Exit 1 where a law is broken.
"""

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import typer
from sqlalchemy import func, insert, select

from core.clock import utc_now
from core.jobs import sealing
from core.models import Dataset, Experiment, TrainingRun
from core.queries.warehouse import ask, run_sql
from core.services.epoch_rows import delete_epochs_after, insert_epochs
from core.services.users import get_local_actor
from core.storage import migrations
from core.storage.database import read_scope, session_scope
from tests.proofs.databases import KINDS, empty_database

WRITERS, EACH = 2, 100
OWN = WRITERS * EACH + 1  # the experiment that the asker itself logs into and takes epochs from
PAUSE_S = 0.01  # of a logging process: without one SQLite's lock is hardly ever free
MERGED_ROWS = 2_000  # so that files are merged within seconds
COUNTED = f"SELECT count(*) AS n, count(DISTINCT (experiment_id, epoch)) AS apart FROM epochs WHERE experiment_id < {OWN}"  # noqa: E501, S608
OWNED = f"SELECT count(*) AS n, max(epoch) AS last FROM epochs WHERE experiment_id = {OWN}"  # noqa: S608
cli = typer.Typer(add_completion=False)


@dataclass(slots=True)
class Course:
    """What came of one run."""

    database: str
    rows: int = 0
    answers: int = 0
    kills: int = 0
    broken: list[str] = field(default_factory=list)


def prove(kind: str, seconds: float, seed: int) -> Course:
    """Run all of them for some seconds on a database of a kind."""
    course, rng = Course(kind), np.random.default_rng(seed)
    with empty_database(kind):
        migrations.upgrade()
        _add_experiments()
        writers = [_start("write", str(number * EACH + 1)) for number in range(WRITERS)]
        sealer = _start("seal")
        until = time.monotonic() + seconds
        kill_at = time.monotonic() + 1.0
        try:
            for number in itertools.count():
                if time.monotonic() > until:
                    break
                course.broken += _check_answer(typed=number % 5 == 4)
                course.broken += _check_own(number)
                course.answers += 2
                if time.monotonic() > kill_at:
                    _end(sealer)
                    course.kills += 1
                    sealer, kill_at = _start("seal"), time.monotonic() + rng.uniform(0.1, 2.0)
                if ended := [process.args for process in (*writers, sealer) if process.poll() is not None]:
                    course.broken.append(f"ended by itself: {ended}")
                    break
        finally:
            for process in (*writers, sealer):
                _end(process)
        sealing.seal(utc_now(), at_once=True)
        course.broken += _compare()
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


def _add_experiments() -> None:
    with session_scope() as session:
        actor = get_local_actor(session, "cli")
        dataset = Dataset(name="rig", created_by=actor.user_id)
        session.add(dataset)
        session.flush()
        told = {"model_type": "wdcnn", "dataset_id": dataset.id, "created_by": actor.user_id}
        session.execute(insert(Experiment), [told | {"name": f"x{n}"} for n in range(1, OWN + 1)])


def _count() -> int:
    with read_scope() as session:
        return session.scalar(select(func.count(TrainingRun.id)).where(TrainingRun.experiment_id < OWN)) or 0


def _check_answer(*, typed: bool) -> Iterator[str]:
    before = _count()
    frame = run_sql(COUNTED).frame if typed else ask(COUNTED)
    after = _count()
    count, apart = int(frame.n[0]), int(frame.apart[0])
    if not before <= count <= after:
        yield f"{count} rows were told where {before} were committed before and {after} after"
    if count != apart:
        yield f"{count} rows were told, {count - apart} of them twice"


def _check_own(number: int) -> Iterator[str]:
    """Log an epoch, or take some back as a resumed run does, and see exactly that."""
    with session_scope() as session:
        if number % 7 == 6:
            delete_epochs_after(session.connection(), OWN, 2)
        last = (
            session.scalar(select(func.max(TrainingRun.epoch)).where(TrainingRun.experiment_id == OWN)) or 0
        )
        insert_epochs(session.connection(), [_row(OWN, last + 1)])
    frame = ask(OWNED)
    if (int(frame.n[0]), int(frame["last"][0])) != (last + 1, last + 1):
        yield f"of {last + 1} epochs {frame.n[0]} were told, the last being {frame['last'][0]}"


def _row(experiment_id: int, epoch: int) -> dict[str, object]:
    measured = dict.fromkeys(("train_accuracy", "val_accuracy", "learning_rate", "duration_seconds"), 0.5)
    now = utc_now()
    told = {
        "experiment_id": experiment_id,
        "epoch": epoch,
        "metrics": {},
        "created_at": now,
        "updated_at": now,
    }
    return told | measured | {"train_loss": experiment_id + epoch / 1000, "val_loss": None}


def _compare() -> Iterator[str]:
    told = ask("SELECT id, experiment_id, epoch, train_loss FROM epochs ORDER BY id")
    columns = (TrainingRun.id, TrainingRun.experiment_id, TrainingRun.epoch, TrainingRun.train_loss)
    with read_scope() as session:
        stored = session.execute(select(*columns).order_by(TrainingRun.id)).all()
    if list(told.itertuples(index=False, name=None)) != list(map(tuple, stored)):
        yield f"in the end {len(told)} rows are told and {len(stored)} are stored, and they differ"


@cli.command()
def write(first: int) -> None:
    """Log epoch after epoch into experiments, each in a transaction of its own, until ended."""
    typer.echo("at work")
    for epoch in itertools.count(1):
        for experiment_id in range(first, first + EACH):
            with session_scope() as session:
                insert_epochs(session.connection(), [_row(experiment_id, epoch)])
            time.sleep(PAUSE_S)


@cli.command()
def seal() -> None:
    """Seal again and again, until ended."""
    sealing.PART_ROWS, sealing.TIERS = MERGED_ROWS, (100, 500, MERGED_ROWS)
    typer.echo("at work")
    while True:
        sealing.seal(utc_now(), at_once=True)


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
            f"{course.database}: {course.rows:,} rows, {course.answers} answers, {course.kills} kills, "
            f"{len(course.broken)} broken laws"
        )
        for broken in course.broken[:10]:
            typer.echo(f"  {broken}")
    if any(course.broken for course in courses):
        raise typer.Exit(1)


if __name__ == "__main__":
    cli()
