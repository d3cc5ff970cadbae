"""`brinell doctor`, `brinell db upgrade`, and where a command works."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.settings import get_settings
from core.storage.migrations import head_revision

Brinell = Callable[..., tuple[int, str, str]]
REFUSED = "127.0.0.1:1"  # nothing listens there


def test_upgrade_twice_ends_at_head(brinell: Brinell) -> None:
    for _ in range(2):
        code, out, _ = brinell("db", "upgrade")
        assert (code, out.strip()) == (0, f"the database is at revision {head_revision()}")


def test_doctor_finds_a_fresh_home_well(brinell: Brinell) -> None:
    brinell("db", "upgrade")
    code, out, _ = brinell("doctor", "--json")
    assert code == 0
    assert {check["name"]: check["status"] for check in json.loads(out)} == dict.fromkeys(
        ("python", "torch", "disk", "database", "broker"), "ok"
    )


@pytest.mark.parametrize(
    ("variable", "url", "name"),
    [
        ("BRINELL_BROKER_URL", f"redis://:secret@{REFUSED}/0", "broker"),
        ("BRINELL_DATABASE_URL", f"postgresql://me:secret@{REFUSED}/none", "database"),
    ],
)
def test_doctor_gives_a_mend_for_what_does_not_answer(
    brinell: Brinell, monkeypatch: pytest.MonkeyPatch, variable: str, url: str, name: str
) -> None:
    monkeypatch.setenv(variable, url)
    get_settings.cache_clear()
    code, out, err = brinell("doctor", "--json")
    (problem,) = [check for check in json.loads(out) if check["status"] == "problem"]
    assert (code, problem["name"]) == (1, name)
    assert variable in problem["mend"]
    assert "secret" not in out + err


def test_database_that_does_not_answer_is_told_without_a_traceback(
    brinell: Brinell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRINELL_DATABASE_URL", f"postgresql://me:secret@{REFUSED}/none")
    get_settings.cache_clear()
    code, _, err = brinell("train", "--dataset", "rig")
    assert code == 1
    assert "me:***@127.0.0.1:1/none cannot be used: it does not answer" in err
    assert "brinell doctor" in err
    assert "Traceback" not in err


def test_home_option_wins_over_the_environment(
    brinell: Brinell, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "BRINELL_HOME", os.environ["BRINELL_HOME"]
    )  # the command changes it; put back at the end
    code, _, _ = brinell("--home", tmp_path / "other", "db", "upgrade")
    assert code == 0
    assert (tmp_path / "other" / "brinell.db").exists()
    assert not home.exists()
