"""What `brinell nas` refuses, and what it does."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from core.models import Experiment
from core.network_specs import CellsOptions, architecture_hash
from core.services.datasets import request_generation
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.specs import GenerationSpec
from core.storage.database import read_scope, session_scope
from tests.app.cli.conftest import Outcome

Brinell = Callable[..., Outcome]
SPACE = {"max_cells": 1, "kinds": ["conv", "separable"], "widths": [4], "stem_widths": [4], "depths": [1]}


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


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A file with a small space."""
    path = tmp_path / "space.json"
    path.write_text(json.dumps(SPACE))
    return path


def start(brinell: Brinell, *options: object) -> Outcome:
    return brinell("nas", "start", "--dataset", "made", "--split", "random_windows", *options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], ["--dataset", "--spec"]),
        (["--dataset", "made", "--algorithm", "luck"], ["luck", "evolution"]),
        (["--dataset", "made", "--label", "colour"], ["label"]),
        (["--dataset", "made", "--space", "gone.json"], ["gone.json", "JSON"]),
    ],
)
def test_wrong_command_names_both_sides(
    brinell: Brinell, database: str, options: list[str], told: list[str]
) -> None:
    code, _, err = brinell("nas", "start", "--trials", 2, *options)
    assert code == 2
    assert [words for words in told if words not in err] == []


def test_choice_that_no_cell_takes_is_refused(brinell: Brinell, database: str, tmp_path: Path) -> None:
    path = tmp_path / "even.json"
    path.write_text('{"kernels": [4]}')
    code, _, err = start(brinell, "--trials", 2, "--space", path)
    assert code == 2
    assert "4 is even" in err


def test_waiting_search_is_listed_paused_stopped_and_asked_for_again(
    brinell: Brinell, made: str, space: Path
) -> None:
    asked = start(brinell, "--trials", 3, "--lr", 0.01, "--space", space, "--detach", "--json")
    assert json.loads(asked.out)["campaign"] == 1
    (listed,) = json.loads(brinell("nas", "list", "--json").out)
    assert (listed["algorithm"], listed["status"], listed["trials_total"]) == ("evolution", "pending", 3)
    assert "brinell nas resume 1" in brinell("nas", "pause", 1).out
    code, _, err = brinell("nas", "pause", 1)
    assert (code, "architecture search 1 is paused" in err) == (1, True)
    assert "has the larger budget" in brinell("nas", "extend", 1, "--trials", 4).out
    assert "brinell nas show 1" in brinell("nas", "stop", 1).out
    brinell("nas", "clone", 1, "--algorithm", "random", "--detach")
    shown = json.loads(brinell("nas", "show", 2, "--json").out)
    assert (shown["algorithm"], shown["trials_total"], shown["trials"]) == ("random", 4, [])
    assert "no trials" in brinell("nas", "show", 1).out


def test_export_of_a_search_without_a_best_says_so(
    brinell: Brinell, made: str, space: Path, tmp_path: Path
) -> None:
    start(brinell, "--trials", 3, "--space", space, "--detach")
    code, _, err = brinell("nas", "export", 1, "--to", tmp_path / "out")
    assert (code, "no completed trial" in err) == (1, True)
    code, _, err = brinell("nas", "export", 1, "--trial", 2, "--to", tmp_path / "out")
    assert (code, "no trial 2" in err) == (1, True)
    assert not (tmp_path / "out").exists()


def test_unknown_search_is_named(brinell: Brinell, database: str) -> None:
    code, _, err = brinell("nas", "show", 4)
    assert (code, "architecture search 4" in err) == (1, True)


@pytest.mark.slow
def test_exported_spec_trains_the_same_architecture(
    brinell: Brinell, made: str, space: Path, tmp_path: Path
) -> None:
    searched = start(brinell, "--trials", 2, "--epochs", 1, "--parallel", 1, "--space", space, "--json")
    found = json.loads(searched.out)
    assert (searched.code, found["counts"]) == (0, {"completed": 2})
    assert all(trial["num_parameters"] and trial["latency_ms"] for trial in found["trials"])
    best = next(trial for trial in found["trials"] if trial["trial"] == found["best_trial"])
    told = json.loads(brinell("nas", "export", 1, "--to", tmp_path / "out", "--json").out)
    assert told["trial"] == found["best_trial"]
    network = runpy.run_path(str(tmp_path / "out" / "architecture.py"))["Network"]()
    assert sum(weight.numel() for weight in network.parameters()) == best["num_parameters"]
    trained = brinell("train", "--spec", tmp_path / "out" / "spec.json", "--json")
    assert trained.code == 0
    with read_scope() as session:
        row = session.get_one(Experiment, json.loads(trained.out)["experiment"])
        options = CellsOptions.model_validate(row.config["model_options"])
    assert architecture_hash(options) == best["hash"]
