"""What `brinell search` does with studies of Optuna's."""

import json
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend, JournalStorage

from tests.app.cli.conftest import Outcome

Brinell = Callable[..., Outcome]


def objective(trial: optuna.Trial) -> float:
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    trial.report(lr, 1)
    if trial.number == 1:
        raise optuna.TrialPruned
    return lr


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal file with two studies, one of three trials."""
    path = tmp_path / "studies.log"
    storage = JournalStorage(JournalFileBackend(str(path)))
    study = optuna.create_study(storage=storage, study_name="theirs", direction="maximize")
    study.optimize(objective, n_trials=3)
    optuna.create_study(storage=storage, study_name="empty")
    return path


def test_study_is_entered_once_and_shown_as_any_search(
    brinell: Brinell, database: str, journal: Path
) -> None:
    words = ("search", "import", journal, "--study", "theirs", "--dataset", "rig")
    told = json.loads(brinell(*words, "--json").out)
    assert (told["campaign"], told["name"], told["new"], told["known"]) == (1, "theirs", 3, 0)
    assert "0 trials entered, 3 known already" in brinell(*words).out
    shown = json.loads(brinell("search", "show", 1, "--json").out)
    assert [trial["state"] for trial in shown["trials"]] == ["completed", "pruned", "completed"]
    best = max(shown["trials"][0]["value"], shown["trials"][2]["value"])
    assert shown["best_accuracy"] == shown["best_value"] == best
    code, _, err = brinell("search", "extend", 1, "--trials", 9)
    assert (code, "campaign 1 was imported" in err) == (1, True)
    told = json.loads(brinell(*words, "--name", "mine", "--json").out)
    assert (told["campaign"], told["name"], told["study"], told["new"]) == (2, "mine", "theirs", 3)


def test_file_or_study_that_is_not_there_is_told(brinell: Brinell, database: str, journal: Path) -> None:
    code, _, err = brinell("search", "import", journal, "--dataset", "rig")
    assert (code, "holds theirs, empty; give the name of one study" in err) == (1, True)
    code, _, err = brinell("search", "import", journal.with_name("gone"), "--dataset", "rig")
    assert (code, "is no file" in err) == (1, True)


def test_name_that_is_none_is_told(brinell: Brinell, database: str, journal: Path) -> None:
    words = ("search", "import", journal, "--study", "theirs", "--dataset", "rig")
    code, _, err = brinell(*words, "--name", "x" * 300)
    assert (code, "at most 200 characters; choose another name by --name" in err) == (1, True)
