"""The README's commands on the real recordings, and what they print."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.settings import PROJECT_ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

Brinell = Callable[..., "subprocess.CompletedProcess[str]"]


def readme_training() -> list[str]:
    """The words of the README's `brinell train`."""
    readme = (PROJECT_ROOT / "README.md").read_text()
    (command,) = re.findall(r"^brinell (train --dataset (?:.*\\\n)*.*)$", readme, re.MULTILINE)
    return shlex.split(command.replace("\\\n", " "))


@pytest.mark.parametrize(
    ("name", "first", "again"),
    [
        ("cwru", "cwru: 37 files, 110 new channels", "cwru: 37 files, 0 new channels"),
        ("mfpt", "mfpt: 4 files, 4 new channels", "mfpt: 4 files, 0 new channels"),
    ],
)
def test_import_adds_every_channel_once(
    brinell: Brinell, shared_data: Path, name: str, first: str, again: str
) -> None:
    for expected in (first, again):
        done = brinell("import", shared_data / name, "--dataset", name)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
        assert "0 refused" in done.stdout


def test_unseen_load_is_recognised_and_the_shared_bearings_are_told(
    brinell: Brinell, shared_data: Path
) -> None:
    imported = brinell("import", shared_data / "cwru", "--dataset", "cwru")
    assert "normal_0_97/DE: sampled at 48,000 Hz, not at 12,000" in imported.stderr
    trained = brinell(*readme_training())
    assert trained.returncode == 0, trained.stderr
    (score,) = re.findall(r"([\d.]+)% of \d+ windows", trained.stdout)
    assert float(score) >= 95
    assert "split by_load: same bearings (9 of 9)" in trained.stdout
    assert "healthy exists only on the training side (load 0) and is dropped: 1 record" in trained.stderr

    split = ("--split", "random_windows", "--epochs", "1", "--json")
    leaky = brinell("train", "--dataset", "cwru", "--channel", "DE", *split)
    assert json.loads(leaky.stdout)["audit"]["sentence"].startswith("windows of one record")
