import hashlib
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalStorage

from core.campaign_specs import CampaignSpec, HPOMethod
from core.errors import InvalidInputError, NotFoundError, UnreadableFileError
from core.learning.search import Search, read_study
from core.search_spaces import Choices, FloatRange, IntRange
from core.specs import TrainingSpec
from tests.core.learning.searches import make, play_all


def objective(trial: optuna.Trial) -> float:
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    dropout = trial.suggest_float("dropout", 0.0, 0.3, step=0.1)
    width = trial.suggest_int("width", 8, 32, step=8)
    optimizer = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    trial.report(lr, 1)
    if trial.number == 1:
        raise optuna.TrialPruned
    if trial.number == 2:
        raise ZeroDivisionError
    trial.report(lr + dropout, 2)
    return lr + dropout + width + (optimizer == "sgd")


def write(study: optuna.Study, trials: int = 6) -> optuna.Study:
    study.optimize(objective, n_trials=trials, catch=ZeroDivisionError)
    study.enqueue_trial({"lr": 0.1})  # waits, and is no trial yet
    return study


@pytest.fixture(params=["sqlite", "journal"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A file, in a folder of an unlucky name, that Optuna itself has written."""
    folder = tmp_path / "of März 100%"
    folder.mkdir()
    storage: RDBStorage | JournalStorage
    if request.param == "sqlite":
        shown = f"sqlite:///{folder / 'studies.db'}"
        storage = RDBStorage(shown)
    else:
        shown = str(folder / "journal.log")
        storage = JournalStorage(JournalFileBackend(shown))
    write(optuna.create_study(storage=storage, study_name="theirs", direction="maximize"))
    storage.remove_session()
    if isinstance(storage, RDBStorage):
        storage.engine.dispose()
    return shown


def test_study_is_read_whole(address: str) -> None:
    name, direction, space, past = read_study(address)
    assert (name, direction) == ("theirs", "max")
    assert space == {
        "lr": FloatRange(min=1e-4, max=1e-1, log=True),
        "dropout": FloatRange(min=0.0, max=0.3, step=0.1),
        "width": IntRange(min=8, max=32, step=8),
        "optimizer": Choices(choices=("adam", "sgd")),
    }
    assert [trial.number for trial in past] == list(range(6))
    states = [trial.state for trial in past]
    assert states == ["completed", "pruned", "failed", "completed", "completed", "completed"]
    assert [list(trial.reports) for trial in past] == [[1, 2], [1], [1], [1, 2], [1, 2], [1, 2]]
    assert past[0].value == pytest.approx(
        past[0].values["lr"] + past[0].values["dropout"] + past[0].values["width"]
        + (past[0].values["optimizer"] == "sgd")
    )  # fmt: skip
    assert past[0].began_at is not None
    assert past[0].began_at.tzinfo is not None


def test_study_that_was_read_can_be_searched_on(address: str) -> None:
    _, _, space, past = read_study(address, "theirs")
    spec = CampaignSpec(
        base=TrainingSpec(dataset="rig"),
        method=HPOMethod.BAYESIAN,
        space=space,
        budget={"max_trials": 9},  # type: ignore[arg-type]
    )
    found = Search(spec, "on", past).ask()
    assert found is not None
    assert found.number == 6
    assert found.values.keys() == space.keys()


def test_reading_changes_neither_file_nor_folder_nor_log(address: str) -> None:
    path = Path(address.removeprefix("sqlite:///"))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    logging.getLogger("alembic").setLevel(logging.INFO)
    path.chmod(0o444)
    read_study(address)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert list(path.parent.iterdir()) == [path]
    assert logging.getLogger("alembic").level == logging.INFO
    logging.getLogger("alembic").setLevel(logging.NOTSET)


def test_journal_of_ours_is_read(tmp_path: Path) -> None:
    spec = make(HPOMethod.HYPERBAND)
    search = Search(spec, "ours", journal=tmp_path / "journal.log")
    played = play_all(search, 9)
    name, direction, space, past = read_study(tmp_path / "journal.log")
    assert (name, direction, space) == (
        "ours",
        "min",
        {name: spec.space[name] for name in sorted(spec.space)},
    )
    assert [(t.values, t.state, t.reports) for t in past] == [(t.values, t.state, t.reports) for t in played]


def test_ranges_that_moved_are_united(tmp_path: Path) -> None:
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "journal.log")))
    study = optuna.create_study(storage=storage)
    for low, high in ((0.0, 1.0), (0.5, 3.0)):
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", low, high) + trial.suggest_int("same", 4, 4))
    assert read_study(tmp_path / "journal.log")[2] == {
        "x": FloatRange(min=0.0, max=3.0),
        "same": Choices(choices=(4,)),
    }


def test_one_of_several_studies_must_be_named(tmp_path: Path) -> None:
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "journal.log")))
    for name in ("a", "b"):
        write(optuna.create_study(storage=storage, study_name=name))
    with pytest.raises(NotFoundError, match="holds a, b; give the name of one study"):
        read_study(tmp_path / "journal.log")
    with pytest.raises(NotFoundError, match="holds no study 'c'; there are a, b"):
        read_study(tmp_path / "journal.log", "c")
    assert read_study(tmp_path / "journal.log", "b")[0] == "b"


def several_objectives(path: Path) -> None:
    storage = JournalStorage(JournalFileBackend(str(path)))
    optuna.create_study(storage=storage, study_name="two", directions=["minimize", "maximize"])


def no_trials(path: Path) -> None:
    optuna.create_study(storage=JournalStorage(JournalFileBackend(str(path))), study_name="new")


@pytest.mark.parametrize(
    ("write_it", "error", "message"),
    [
        (several_objectives, InvalidInputError, "'two' has 2 objectives, and a search has one; choose anoth"),
        (no_trials, InvalidInputError, "'new' has no trial with parameters; choose another study"),
        (lambda path: path.touch(), NotFoundError, "holds no study; name another file"),
        (
            lambda path: path.write_text("lr,loss\n1,2\n"),
            UnreadableFileError,
            "as Optuna's journal file: JSONDec",
        ),
        (lambda path: path.write_text("[1]\n"), UnreadableFileError, "as Optuna's journal file: TypeError"),
        (lambda path: path.write_bytes(b"\xff\n"), UnreadableFileError, "as Optuna's journal file: Unicode"),
        (lambda path: path.mkdir(), NotFoundError, "is no file; name a journal file, or an SQLite database"),
        (lambda path: path.exists(), NotFoundError, "is no file; name a journal file, or an SQLite database"),
    ],
)
def test_journal_that_holds_no_search_is_refused(
    tmp_path: Path, write_it: Any, error: type[Exception], message: str
) -> None:
    write_it(tmp_path / "journal.log")
    with pytest.raises(error, match=message):
        read_study(tmp_path / "journal.log")


def empty_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE studies (study_id INTEGER)")


def another_version(path: Path) -> None:
    storage = RDBStorage(f"sqlite:///{path}")
    storage.engine.dispose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v0.9.0.a'")


@pytest.mark.parametrize(
    ("write_it", "error", "message"),
    [
        (lambda path: path.write_text("lr,loss\n"), UnreadableFileError, "is no SQLite database"),
        (empty_database, UnreadableFileError, "has no table alembic_version; name a database of Optuna's"),
        (another_version, UnreadableFileError, "no longer compatible .* optuna storage upgrade"),
        (lambda path: path.exists(), NotFoundError, "is no file"),
    ],
)
def test_database_that_holds_no_search_is_refused(
    tmp_path: Path, write_it: Any, error: type[Exception], message: str
) -> None:
    write_it(tmp_path / "studies.db")
    with pytest.raises(error, match=message):
        read_study(f"sqlite:///{tmp_path / 'studies.db'}")


def test_server_is_not_asked() -> None:
    with pytest.raises(InvalidInputError, match="is not read; copy the study into a file"):
        read_study("postgresql://somewhere/studies")
