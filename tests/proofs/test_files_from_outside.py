"""A small sample of each proof; the whole of it is run by the command."""

import re
import subprocess
import sys

import pytest

from core.settings import PROJECT_ROOT


def run(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", f"tests.proofs.{module}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT_ROOT, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.slow
def test_hostile_files_are_refused_with_a_message_and_enter_nothing() -> None:
    said = run("hostile_files", "--match", "in .h5", "--within-s", "60")
    assert re.search(r"^\d\d hostile files, 0 with a broken law", said, re.MULTILINE)


@pytest.mark.slow
def test_damaged_files_enter_whole_or_not_at_all(shared_data) -> None:
    assert "20 damaged files" in run("mutated_files", "--number", "20", "--seed", "1")


@pytest.mark.slow
def test_names_are_kept_or_refused_and_lead_nowhere() -> None:
    assert re.search(r"^2\d\d names", run("names", "--number", "200"), re.MULTILINE)
