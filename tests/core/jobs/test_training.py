import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from core.jobs.running import run_job
from core.models import Experiment
from core.queries.experiments import get_experiment_detail
from core.services.experiments import create_experiment
from core.services.jobs import JobKind
from core.specs import WindowSpec
from core.storage import artifacts
from core.storage.database import read_scope, session_scope

pytestmark = [pytest.mark.usefixtures("made"), pytest.mark.slow]  # papermill starts a kernel with torch


@pytest.fixture
def train(researcher):
    """Run a training's job and return what the experiment's page would show, and its notebook's text."""

    def run(spec):
        with session_scope() as session:
            experiment_id = create_experiment(session, researcher, spec).id
        assert run_job(JobKind.TRAINING, experiment_id)
        with read_scope() as session:
            found = get_experiment_detail(session, experiment_id)
        notebook = next(a for a in found.artifacts if a.kind == "notebook")
        return found, nbformat.read(artifacts.path_of(notebook.id), as_version=4)

    return run


def test_training_keeps_its_executed_notebook_that_names_the_device(train, tiny_training):
    found, notebook = train(tiny_training)
    assert found.row.status == "completed"
    assert found.metrics["test_accuracy"] is not None
    assert {a.kind for a in found.artifacts} == {"checkpoint", "notebook", "predictions", "steps"}
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source]
    assert all(cell.execution_count for cell in code)
    printed = "".join(o.text for cell in code for o in cell.outputs if o.output_type == "stream")
    assert "on cpu (" in printed
    assert f"experiment_id = {found.row.id}" in "".join(cell.source for cell in code)


def test_failing_notebook_is_kept_and_the_row_says_plainly_why(train, tiny_training):
    windows = WindowSpec(length=1_000_000)
    found, notebook = train(tiny_training.model_copy(update={"windows": windows}))
    assert found.row.status == "failed"
    assert "1000000" in found.error_message.replace(",", "")
    assert "Traceback" not in found.error_message
    errors = [o for cell in notebook.cells for o in cell.get("outputs", ()) if o.output_type == "error"]
    assert [error.ename for error in errors] == ["InvalidInputError"]


def test_run_whose_kernel_is_killed_is_given_back_and_goes_on(tiny_training, researcher):
    spec = tiny_training.model_copy(update={"epochs": 400})
    with session_scope() as session:
        experiment_id = create_experiment(session, researcher, spec).id
    job = subprocess.Popen([sys.executable, "-m", "core.jobs", "training", str(experiment_id)])
    wait_for_kernel(job.pid).kill()
    assert job.wait(60) == 0
    with read_scope() as session:
        row = session.get_one(Experiment, experiment_id)
    assert (row.status, row.deaths, row.error_message) == ("pending", 1, None)


def wait_for_kernel(pid):
    for _ in range(600):
        for child in psutil.Process(pid).children(recursive=True):
            if "core.jobs.kernel" in child.cmdline() and child.ppid() != pid:  # its parent is its guard
                return child
        time.sleep(0.1)
    raise AssertionError("no kernel was started")
