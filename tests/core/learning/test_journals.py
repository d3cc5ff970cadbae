from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import FrozenTrial
from structlog.testing import capture_logs

from core.campaign_specs import HPOMethod
from core.learning.search import PastTrial, Search
from tests.core.learning.searches import make, play, play_all


def read(path: Path) -> optuna.Study:
    """Open a journal as the dashboard does."""
    return optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(path))))


def comparable(trials: list[FrozenTrial]) -> list[tuple[Any, ...]]:
    return [(t.number, t.state, t.value, t.params, t.distributions, t.intermediate_values) for t in trials]


@pytest.mark.parametrize("method", list(HPOMethod))
def test_optuna_reads_from_the_journal_what_the_search_holds(method: HPOMethod, tmp_path: Path) -> None:
    search = Search(make(method), "wide", journal=tmp_path / "journal.log")
    past = play_all(search, 12)
    running = search.ask()
    assert running is not None
    search.report(running.number, 1, 0.5)
    study = read(tmp_path / "journal.log")
    assert study.study_name == "wide"
    assert study.direction == search.study.direction
    assert comparable(study.trials) == comparable(search.study.trials)
    assert [search.attrs(t.number).items() <= t.system_attrs.items() for t in study.trials] == [True] * 13
    assert [trial.values for trial in past] == [trial.params for trial in study.trials[:12]]


def test_rebuilt_search_writes_its_journal_anew_and_goes_on_with_it(tmp_path: Path) -> None:
    spec, path = make(HPOMethod.HYPERBAND), tmp_path / "journal.log"
    past = play_all(Search(spec, "first", journal=path), 8)
    with path.open("ab") as file:
        file.write(b'{"op_code":4,"wor')  # the process was killed while it wrote
    search = Search(spec, "second", past, path)
    play_all(search, 4)
    study = read(path)
    assert study.study_name == "second"
    assert comparable(study.trials) == comparable(search.study.trials)
    assert [entry.name for entry in tmp_path.iterdir()] == ["journal.log"]


def test_forgotten_suggestion_is_written_once(tmp_path: Path) -> None:
    search = Search(make(HPOMethod.RANDOM_SEARCH), "c", journal=tmp_path / "journal.log")
    found = search.ask()
    assert found is not None
    search.forget(found.number)
    play(search)
    assert comparable(read(tmp_path / "journal.log").trials) == comparable(search.study.trials)


def test_number_missing_from_the_past_is_written_once(tmp_path: Path) -> None:
    spec, path = make(HPOMethod.RANDOM_SEARCH), tmp_path / "journal.log"
    past = [trial for trial in play_all(Search(spec, "c"), 4) if trial.number != 1]
    search = Search(spec, "c", past, path)
    play_all(search, 2)
    assert comparable(read(path).trials) == comparable(search.study.trials)


def test_search_goes_on_without_a_journal_that_cannot_be_written(tmp_path: Path) -> None:
    with capture_logs() as lines:
        search = Search(make(HPOMethod.BAYESIAN), "c", journal=tmp_path / "none" / "journal.log")
        assert len(play_all(search, 3)) == 3
    assert [(line["event"], line["log_level"]) for line in lines] == [("journal_left", "warning")]


def test_search_goes_on_when_its_journals_folder_goes(tmp_path: Path) -> None:
    folder = tmp_path / "campaign"
    folder.mkdir()
    search = Search(make(HPOMethod.HYPERBAND), "c", journal=folder / "journal.log")
    with capture_logs() as lines:
        first = play_all(search, 2)
        folder.rename(tmp_path / "elsewhere")
        both: list[PastTrial] = first + play_all(search, 2)
    assert [trial.number for trial in both] == [0, 1, 2, 3]
    assert [line["event"] for line in lines] == ["journal_left"]
    assert len(read(tmp_path / "elsewhere" / "journal.log").trials) == 2
