"""Read a search that was made elsewhere with Optuna: an SQLite database or a journal file."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Literal

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import OptunaError
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from pydantic import ValidationError

from core.errors import InvalidInputError, NotFoundError, UnreadableFileError
from core.learning.studies import STATES, PastTrial
from core.search_spaces import Choices, FloatRange, IntRange, Parameter, SearchSpace

_SQLITE = "sqlite:///"
_TABLES = {"studies", "trials", "version_info", "alembic_version"}
_STATE_NAMES = {state: name for name, state in STATES.items()}


def read_study(
    storage: str | Path, study_name: str | None = None
) -> tuple[str, Literal["min", "max"], SearchSpace, list[PastTrial]]:
    """Return name, direction, space and trials of a study; its file is only read.

    Parameters
    ----------
    storage : str or Path
        `sqlite:///PATH`, or the path of a journal file (optuna.storages.JournalStorage).
    study_name : str, optional
        Which study of the file; may be left out where there is one.

    Returns
    -------
    tuple
        The name; "min" or "max"; the parameters of all trials, each range as wide as all trials had it;
        the trials in the order of their numbers, without those that only wait.

    Raises
    ------
    NotFoundError
        Where there is no such file or study.
    UnreadableFileError
        Where the file is neither of the two, or of an Optuna that this one does not read.
    InvalidInputError
        Where the study has several objectives, or no trial has parameters.
    """
    with _open(str(storage)) as opened:
        studies = {study.study_name: study for study in opened.get_all_studies()}
        name = _choose(list(studies), study_name, str(storage))
        directions = studies[name].directions
        trials = opened.get_all_trials(studies[name]._study_id, deepcopy=False)
    if len(directions) != 1:
        raise InvalidInputError(
            f"study {name!r} has {len(directions)} objectives, and a search has one; choose another study"
        )
    direction: Literal["min", "max"] = "max" if directions[0] == StudyDirection.MAXIMIZE else "min"
    past = [_thaw(trial) for trial in trials if trial.state in _STATE_NAMES]
    return name, direction, _read_space(name, trials), past


@contextmanager
def _open(storage: str) -> Iterator[BaseStorage]:
    path = Path(storage.removeprefix(_SQLITE))
    if "://" in storage and not storage.startswith(_SQLITE):
        raise InvalidInputError(f"{storage} is not read; copy the study into a file and name sqlite:///PATH")
    if not path.is_file():
        raise NotFoundError(
            f"{path} is no file; name a journal file, or an SQLite database as sqlite:///PATH"
        )
    try:
        if storage.startswith(_SQLITE):
            with _open_sqlite(path) as opened:
                yield opened
        else:
            yield JournalStorage(JournalFileBackend(str(path)))
    except (OptunaError, OSError, ValueError, KeyError, TypeError) as error:
        what = "Optuna's database" if storage.startswith(_SQLITE) else "Optuna's journal file"
        raise UnreadableFileError(f"{path} cannot be read as {what}: {error!r}; take another copy") from error


@contextmanager
def _open_sqlite(path: Path) -> Iterator[BaseStorage]:
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            state = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise UnreadableFileError(f"{path} is no SQLite database: {error}; name one") from error
    if missing := sorted(_TABLES - tables):
        raise UnreadableFileError(f"{path} has no table {missing[0]}; name a database of Optuna's")
    if state != "ok":
        raise UnreadableFileError(f"{path} is damaged: {state}; take an earlier copy of it")
    alembic = logging.getLogger("alembic")
    level = alembic.level  # Optuna changes it for the whole process
    try:
        storage = RDBStorage(f"{_SQLITE}{address}&uri=true", skip_table_creation=True)
    except RuntimeError as error:  # of another version; the message tells how to bring it up to date
        raise UnreadableFileError(f"{path}: {error}") from error
    finally:
        alembic.setLevel(level)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _choose(names: Sequence[str], name: str | None, storage: str) -> str:
    if not names:
        raise NotFoundError(f"{storage} holds no study; name another file")
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise NotFoundError(f"{storage} holds {', '.join(names)}; give the name of one study")
    if name not in names:
        raise NotFoundError(f"{storage} holds no study {name!r}; there are {', '.join(names)}")
    return name


def _thaw(trial: FrozenTrial) -> PastTrial:
    return PastTrial(
        number=trial.number,
        values=trial.params,
        state=_STATE_NAMES[trial.state],
        value=trial.value,
        reports=trial.intermediate_values,
        attrs=trial.system_attrs,
        began_at=None if trial.datetime_start is None else trial.datetime_start.astimezone(),
        ended_at=None if trial.datetime_complete is None else trial.datetime_complete.astimezone(),
    )


def _read_space(name: str, trials: Sequence[FrozenTrial]) -> SearchSpace:
    found: dict[str, list[BaseDistribution]] = {}
    for trial in trials:
        for parameter, distribution in trial.distributions.items():
            if distribution not in found.setdefault(parameter, []):
                found[parameter].append(distribution)
    if not found:
        raise InvalidInputError(f"study {name!r} has no trial with parameters; choose another study")
    try:
        return {parameter: _unite(distributions) for parameter, distributions in found.items()}
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise InvalidInputError(f"study {name!r} cannot be taken up: {why}; choose another study") from error


def _unite(distributions: Sequence[BaseDistribution]) -> Parameter:
    """Return the parameter that holds all of these; Optuna keeps their kind alike, not their ends."""
    choices = [one for one in distributions if isinstance(one, CategoricalDistribution)]
    if choices:
        return Choices(choices=tuple(dict.fromkeys(choice for one in choices for choice in one.choices)))
    ranges = [one for one in distributions if isinstance(one, FloatDistribution | IntDistribution)]
    low, high = min(one.low for one in ranges), max(one.high for one in ranges)
    if low == high:
        return Choices(choices=(low,))
    log = all(one.log for one in ranges)
    step = ranges[0].step if len(ranges) == 1 else None
    if isinstance(ranges[0], IntDistribution):
        return IntRange(min=int(low), max=int(high), log=log, step=int(step or 1))
    if step is None:
        return FloatRange(min=low, max=high, log=log)
    # Optuna's end may miss the last step by a rounding.
    last = Decimal(str(low)) + round((high - low) / step) * Decimal(str(step))
    return FloatRange(min=low, max=float(last), step=step)
