"""A small sample of the proof with a real MLflow; the whole of it is run by the command."""

import re
import subprocess
import sys

import pytest

from core.settings import PROJECT_ROOT


@pytest.mark.slow
@pytest.mark.timeout(900)  # it installs MLflow first
def test_mlflow_and_brinell_read_every_value_of_each_other() -> None:
    command = [sys.executable, "-m", "tests.proofs.mlflow_store", "--runs", "2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT_ROOT, check=False)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert len(re.findall(r": 2 runs, \d\d+ values", done.stdout)) == 5
