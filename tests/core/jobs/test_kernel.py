"""The kernel of a notebook whose cells do not listen: what is left of them."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from core.models import Experiment
from core.services.experiments import create_experiment
from core.settings import PROJECT_ROOT
from core.specs import TrainingSpec
from core.storage.database import read_scope, session_scope

pytestmark = pytest.mark.slow

# Deaf to everything but SIGKILL, with a child in a session of its own and one whose parent is gone.
DEAF = """
    import signal, subprocess, time
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    subprocess.Popen(["sleep", "6001"], start_new_session=True)
    subprocess.run(["sh", "-c", "setsid sleep 6002 &"])
    open({ready!r}, "w").close()
    while True:
        pass
"""
JOB = """
    import sys
    from pathlib import Path
    from core.settings import Settings
    Settings.notebooks_dir = property(lambda _: Path({folder!r}))
    from core.jobs.__main__ import main
    sys.exit(main())
"""


@pytest.fixture
def start_job(tmp_path, dataset, researcher, monkeypatch):
    """Start the job of a training whose notebook is deaf; return id and process once it turns in circles."""
    ready = tmp_path / "ready"
    parameters = nbformat.v4.new_code_cell("experiment_id: int = 0\nattempt: int = 0")
    parameters.metadata["tags"] = ["parameters"]
    deaf = nbformat.v4.new_code_cell(textwrap.dedent(DEAF.format(ready=str(ready))))
    notebook = nbformat.v4.new_notebook(cells=[parameters, deaf])
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(notebook, tmp_path / "train.ipynb")
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))
    monkeypatch.setenv("BRINELL_TIME_LIMIT_GRACE_S", "2")
    started = []

    def begin(time_limit_s):
        with session_scope() as session:
            spec = TrainingSpec(dataset=dataset)
            row_id = create_experiment(session, researcher, spec, time_limit_s=time_limit_s).id
        code = textwrap.dedent(JOB.format(folder=str(tmp_path)))
        process = subprocess.Popen([sys.executable, "-c", code, "training", str(row_id)])
        started.append(process)
        wait_for(ready.exists)
        wait_for(lambda: len(list_sleepers(tmp_path)) == 2)
        return row_id, process

    yield begin
    for process in started:
        process.kill()
        process.wait()
    for process in list_sleepers(tmp_path):
        process.kill()


def list_sleepers(folder):
    """Find the children of the cell by the home in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("BRINELL_HOME") == str(folder / "home")
            if is_ours and process.cmdline()[:1] == ["sleep"]:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_endless_cell_that_ignores_signals_is_ended_by_the_hard_limit_with_its_children(start_job, tmp_path):
    row_id, process = start_job(time_limit_s=8)
    assert process.wait(60) == 0
    wait_for(lambda: list_sleepers(tmp_path) == [])
    with read_scope() as session:
        row = session.get_one(Experiment, row_id)
    assert (row.status, row.deaths) == ("failed", 0)
    assert "time limit of 8 s before its first epoch was done" in row.error_message


@pytest.mark.parametrize("victim", ["job", "kernel"])
def test_killed_process_takes_the_cells_own_children_along(start_job, tmp_path, victim):
    _, process = start_job(time_limit_s=3600)
    (guard,) = psutil.Process(process.pid).children()
    (kernel,) = [child for child in guard.children() if "core.jobs.kernel" in child.cmdline()]
    folder = Path(guard.cmdline()[4]).parent
    assert (folder / "kernel.json").exists()
    os.kill(process.pid if victim == "job" else kernel.pid, 9)
    process.wait(60)
    _, left = psutil.wait_procs([guard, kernel], timeout=20)
    assert left == []
    wait_for(lambda: list_sleepers(tmp_path) == [])
    assert not folder.exists()
