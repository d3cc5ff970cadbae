from pathlib import Path

import pytest
from pydantic import ValidationError

from core.settings import Settings, get_settings


def test_home_of_the_environment_holds_everything(home: Path) -> None:
    settings = get_settings()
    assert settings.home == home
    assert settings.resolved_database_url == f"sqlite:///{home / 'brinell.db'}"
    assert {p.parent for p in (settings.recordings_dir, settings.artifacts_dir, settings.broker_dir)} == {
        home
    }


def test_defaults_need_no_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRINELL_HOME")
    settings = Settings()
    assert settings.home.name == "brinell"
    assert (settings.host, settings.port, settings.worker_processes) == ("127.0.0.1", 5006, 2)
    assert settings.resolved_broker_url.startswith("filesystem://")


def test_given_database_and_broker_win_over_the_homes_own(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRINELL_DATABASE_URL", "postgresql://db/brinell")
    monkeypatch.setenv("BRINELL_BROKER_URL", "redis://queue/1")
    assert Settings().resolved_database_url == "postgresql://db/brinell"
    assert Settings().resolved_broker_url == "redis://queue/1"


def test_settings_are_read_once_and_cannot_change(home: Path) -> None:
    assert get_settings() is get_settings()
    with pytest.raises(ValidationError, match="frozen"):
        get_settings().port = 1


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "70000"), ("LOG_LEVEL", "loud"), ("WORKER_PROCESSES", "0")]
)
def test_impossible_value_is_refused_by_name(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"BRINELL_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_notebooks_are_the_projects_own(home: Path) -> None:
    assert (get_settings().notebooks_dir / "train.ipynb").is_file()
