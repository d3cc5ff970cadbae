"""What `brinell train` refuses, and what it does."""

import json
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from core.models import Experiment, ExperimentStatus
from core.services.datasets import request_generation
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.specs import GenerationSpec, TrainingSpec
from core.storage.database import read_scope, session_scope
from tests.app.cli.processes import interrupt, wait_for

Brinell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def made(database: str) -> str:
    """The name of a small generated data set."""
    from core.jobs.running import run_job

    spec = GenerationSpec(
        dataset="made", classes=("healthy", "ball"), severities=("severe",), loads=(0.0,), duration_s=0.6
    )
    with session_scope() as session:
        row_id = request_generation(session, get_local_actor(session, via="cli"), spec).id
    assert run_job(JobKind.GENERATION, row_id)
    return "made"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--train-loads", "0"], ["--train-loads", "by_load", "by_record"]),
        (["--model", "lenet"], ["lenet", "wdcnn", "resnet1d"]),
        (["--label", "colour"], ["label", "fault_class+severity"]),
        (["--device", "tpu"], ["device", "cuda"]),
        (
            ["--split", "by_load", "--train-loads", "0,1", "--test-loads", "1"],
            ["'1'", "both the training and the test side"],
        ),
    ],
)
def test_wrong_command_names_both_sides(brinell: Brinell, options: list[str], told: list[str]) -> None:
    code, _, err = brinell("train", "--dataset", "rig", *options)
    assert code == 2
    assert [words for words in told if words not in err] == []


def test_help_shows_the_defaults_of_the_specs(brinell: Brinell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = brinell("train", "--help")
    assert code == 0
    lines = {word: line for line in out.splitlines() for word in line.split() if word.startswith("--")}
    told = TrainingSpec(dataset="rig")
    assert f"[default: {told.epochs}]" in lines["--epochs"]
    assert f"[default: {told.batch_size}]" in lines["--batch-size"]
    assert f"[default: {told.optimizer.learning_rate}]" in lines["--lr"]
    assert "[default: (none)]" in lines["--patience"]


def test_unknown_data_set_lists_the_stored_ones(brinell: Brinell, made: str) -> None:
    code, _, err = brinell("train", "--dataset", "rig")
    assert code == 1
    assert "there is no data set 'rig'; stored are: made" in err


def test_channel_that_is_not_stored_is_refused_when_asked_for(brinell: Brinell, recordings: Path) -> None:
    brinell("import", recordings, "--dataset", "rig")
    for options, told in (
        (["--channel", "BA"], "has no channel 'BA'; stored are: DE, FE"),
        ([], "holds channels DE, FE, and a training takes one; name it, such as --channel DE"),
    ):
        code, _, err = brinell("train", "--dataset", "rig", *options)
        assert code == 1
        assert told in err


def test_training_prints_its_score_beside_what_the_sides_share(brinell: Brinell, made: str) -> None:
    code, out, _ = brinell("train", "--dataset", made, "--epochs", "1", "--device", "cpu", "--json")
    said = json.loads(out)
    assert (code, said["status"]) == (0, "completed")
    assert 0 <= said["metrics"]["test_accuracy"] <= 1
    assert said["audit"]["sentence"]


def test_interrupted_training_is_cancelled_in_order(
    start_brinell: Callable[..., object], made: str, home: Path
) -> None:
    process = start_brinell("train", "--dataset", made, "--epochs", "2000", "--device", "cpu")

    def epochs_and_state() -> tuple[int, str]:
        with closing(sqlite3.connect(home / "brinell.db")) as connection:
            (epochs,) = connection.execute("SELECT count(*) FROM training_runs").fetchone()
            states = connection.execute("SELECT status FROM experiments").fetchall()
        return epochs, states[0][0] if states else ""

    wait_for(lambda: process.poll() is not None or epochs_and_state()[0] >= 1)
    said, left = interrupt(process)
    assert (process.returncode, left) == (130, [])
    assert "cancelling" in said
    assert epochs_and_state()[1] == "cancelled"


def stored_run() -> Experiment:
    with read_scope() as session:
        return session.get_one(Experiment, 1)


def test_time_limit_is_the_runs_own_and_a_failed_run_is_resumed_with_a_larger_one(
    brinell: Brinell, made: str
) -> None:
    brinell("train", "--dataset", made, "--time-limit", "50", "--detach")
    assert (stored_run().status, stored_run().time_limit_seconds) == ("pending", 50)
    with session_scope() as session:
        session.get_one(Experiment, 1).status = ExperimentStatus.FAILED
    code, out, _ = brinell("resume", "1", "--time-limit", "100", "--detach", "--json")
    assert (code, json.loads(out)) == (0, {"experiment": 1, "name": stored_run().name})
    assert (stored_run().status, stored_run().time_limit_seconds) == ("pending", 100)


def test_resuming_what_cannot_resume_names_both_sides(brinell: Brinell, made: str) -> None:
    brinell("train", "--dataset", made, "--detach")
    code, _, err = brinell("resume", "1")
    assert (code, "experiment 1 is pending; only a paused or failed one can resume" in err) == (1, True)
    code, _, err = brinell("resume", "7")
    assert (code, "there is no experiment 7" in err) == (1, True)


@pytest.mark.slow
def test_interrupted_training_whose_command_is_killed_leaves_no_process(
    start_brinell: Callable[..., "subprocess.Popen[str]"], made: str
) -> None:
    process = start_brinell("train", "--dataset", made, "--epochs", "2000", "--device", "cpu")
    wait_for(lambda: len(psutil.Process(process.pid).children(recursive=True)) == 3)  # job, guard, kernel
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    assert psutil.wait_procs(family, timeout=20)[1] == []
