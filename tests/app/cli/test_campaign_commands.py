"""What `brinell search` refuses, and what it does."""

import json
from collections.abc import Callable

import pytest

from app.cli.training import read_spec
from core.specs import TrainingSpec

Brinell = Callable[..., tuple[int, str, str]]
VARY = ("--vary", "lr=1e-3..1e-2,log")


@pytest.fixture
def made(database: str) -> str:
    """The name of a small generated data set."""
    from core.jobs.running import run_job
    from core.services.datasets import request_generation
    from core.services.jobs import JobKind
    from core.services.users import get_local_actor
    from core.specs import GenerationSpec
    from core.storage.database import session_scope

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
        ((*VARY, "--trials", "2"), ["--dataset", "--spec"]),
        (("--vary", "lr", "--dataset", "made", "--trials", "2"), ["'lr' is no parameter", "low..high"]),
        (("--vary", "lr=2..1", "--dataset", "made", "--trials", "2"), ["min=2 is not below max=1"]),
        ((*VARY, *VARY, "--dataset", "made", "--trials", "2"), ["names lr twice"]),
        ((*VARY, "--dataset", "made"), ["would not end", "max_trials"]),
        (("--vary", "colour=1|2", "--dataset", "made", "--trials", "2"), ["'colour' is not a parameter"]),
        (
            (*VARY, "--dataset", "made", "--trials", "2", "--method", "grid_search"),
            ["a grid tries each", "choices"],
        ),
        (
            (*VARY, "--dataset", "made", "--trials", "2", "--metric", "test_accuracy"),
            ["test side", "looked at once"],
        ),
    ],
)
@pytest.mark.usefixtures("database")
def test_wrong_command_names_both_sides(brinell: Brinell, options: tuple[str, ...], told: list[str]) -> None:
    code, _, err = brinell("search", "start", *options)
    assert code == 2
    plain = " ".join(err.replace("│", " ").split())
    assert [words for words in told if words not in plain] == []


def test_search_is_followed_to_its_best_trial_and_handled_after(brinell: Brinell, made: str) -> None:
    common = ("--dataset", made, "--epochs", "1", "--parallel", "2")
    code, out, _ = brinell("search", "start", *common, *VARY, "--trials", "2", "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["status"], told["counts"], told["epochs"]) == ("completed", {"completed": 2}, 2)
    assert told["best_value"] == max(trial["value"] for trial in told["trials"])
    number = told["campaign"]
    code, out, _ = brinell("search", "list")
    assert "completed" in out
    assert "2 of 2" in out
    code, out, _ = brinell("search", "show", number)
    assert f"by experiment {told['best_experiment']}" in out
    assert "/campaigns?campaign=" in out
    assert brinell("search", "pause", number).code == 1
    assert brinell("search", "clone", number, "--seed", "3", "--detach").code == 0
    assert brinell("search", "stop", 2).code == 0
    assert brinell("search", "extend", number, "--trials", "3", "--detach").code == 0


def test_training_is_read_from_a_file_of_its_own_or_of_an_experiment(tmp_path) -> None:
    spec = TrainingSpec(dataset="rig", epochs=3)
    alone, within = tmp_path / "alone.json", tmp_path / "within.json"
    alone.write_text(spec.model_dump_json())
    within.write_text(json.dumps({"name": "x", "spec": spec.model_dump(mode="json")}))
    assert read_spec(alone) == read_spec(within) == spec


def test_file_that_holds_no_training_is_named(brinell: Brinell, tmp_path, database: str) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{")
    code, _, err = brinell("train", "--spec", wrong)
    assert code == 2
    assert "no JSON" in err
    assert brinell("train").code == 2
