"""What `brinell features` does, and what SQL and the notebook then see."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from core.errors import NotFoundError
from core.models import Job
from core.queries.warehouse import ask
from core.services.datasets import ensure_dataset, request_generation
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.specs import GenerationSpec
from core.storage.database import read_scope, session_scope
from core.vibration.feature_set import FEATURES
from core.workspace import Workspace

Brinell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def made(database: str, tiny_spec: GenerationSpec) -> str:
    """The name of a small generated data set."""
    from core.jobs.running import run_job

    with session_scope() as session:
        row_id = request_generation(session, get_local_actor(session, via="cli"), tiny_spec).id
    assert run_job(JobKind.GENERATION, row_id)
    return tiny_spec.dataset


@pytest.fixture
def tiny_spec() -> GenerationSpec:
    """Eight records of two classes."""
    return GenerationSpec(
        dataset="made",
        classes=("healthy", "ball"),
        severities=("severe",),
        loads=(0.0,),
        machines=2,
        duration_s=0.3,
    )


def test_measured_features_are_seen_by_notebook_and_sql(brinell: Brinell, made: str) -> None:
    code, out, err = brinell("features", made)
    assert (code, f"made: {len(FEATURES)} features of 8 signals" in out) == (0, True), err
    frame = Workspace().features(made)
    assert len(frame) == 8
    assert {feature.name for feature in FEATURES} <= set(frame.columns)
    told = ask("SELECT id, (features->>'crest_factor')::DOUBLE AS crest FROM signals ORDER BY id")
    assert np.allclose(told.set_index("id").crest, frame.sort_index().crest_factor)


def test_answer_as_json_tells_what_was_found(brinell: Brinell, made: str) -> None:
    code, out, _ = brinell("features", made, "--json")
    told = json.loads(out)
    assert (code, told["num_signals"], told["quality"]["checked"]) == (0, 8, 8)
    assert [finding["kind"] for finding in told["quality"]["findings"]] == ["no_unit"]


def test_detached_measurement_waits_for_a_worker(brinell: Brinell, made: str) -> None:
    code, out, _ = brinell("features", made, "--detach", "--json")
    assert code == 0
    with read_scope() as session:
        assert session.get_one(Job, json.loads(out)["job"]).status == "pending"


def test_unknown_data_set_is_refused_by_name(brinell: Brinell, database: str) -> None:
    code, _, err = brinell("features", "nowhere")
    assert (code, "there is no data set 'nowhere'" in err) == (1, True)


def test_notebook_is_told_the_command_where_nothing_is_measured(database: str) -> None:
    with session_scope() as session:
        ensure_dataset(session, get_local_actor(session, via="notebook"), "rig")
    with pytest.raises(NotFoundError, match="brinell features rig"):
        Workspace().features("rig")
    with pytest.raises(NotFoundError, match="stored are: rig"):
        Workspace().features("gir")
