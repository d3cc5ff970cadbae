"""What tests of services, jobs and queries stand on: people, small rows, messages as they lie on disk."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.models import Dataset, User
from core.services.access import Actor, Role
from core.services.datasets import request_generation
from core.services.experiments import create_experiment
from core.services.jobs import JobKind
from core.services.users import get_actor
from core.specs import GenerationSpec, OptimizerSpec, SplitSpec, TrainingSpec, WindowSpec
from core.storage.database import session_scope

Messages = Callable[[], list[tuple[str, int]]]


@pytest.fixture
def make_actor(database: str) -> Callable[..., Actor]:
    """Store a user of a role and return them as an actor."""

    def make(name: str = "researcher", role: Role = "researcher") -> Actor:
        with session_scope() as session:
            user = User(username=name, role=role)
            session.add(user)
            session.flush()
            return get_actor(session, user.id, "page")

    return make


@pytest.fixture
def researcher(make_actor: Callable[..., Actor]) -> Actor:
    """The owner of what the other fixtures store."""
    return make_actor()


@pytest.fixture
def dataset(researcher: Actor) -> str:
    """The name of a stored data set that says it holds a signal, for what reads none."""
    with session_scope() as session:
        session.add(Dataset(name="rig", num_signals=1, created_by=researcher.user_id))
    return "rig"


@pytest.fixture
def experiment_id(researcher: Actor, dataset: str) -> int:
    """A pending experiment on that data set."""
    with session_scope() as session:
        return create_experiment(session, researcher, TrainingSpec(dataset=dataset)).id


@pytest.fixture
def list_messages(home: Path) -> Messages:
    """Read the jobs that lie in the embedded broker's folder, in the order in which they were sent."""

    def read() -> list[tuple[str, int]]:
        files = sorted((home / "broker" / "queue").glob("*.msg"), key=lambda path: path.stat().st_mtime_ns)
        bodies = [json.loads(file.read_bytes())["body"] for file in files]
        return [tuple(json.loads(base64.b64decode(body))[0]) for body in bodies]

    return read


@pytest.fixture
def tiny_generation() -> GenerationSpec:
    """Two classes on two machines, eight records of 0.3 s."""
    return GenerationSpec(
        dataset="made",
        classes=("healthy", "inner_race"),
        severities=("severe",),
        loads=(0.0,),
        machines=2,
        records_per_condition=2,
        duration_s=0.3,
        snr_db=20,
    )


@pytest.fixture
def tiny_training() -> TrainingSpec:
    """Two epochs of a small network on what `tiny_generation` makes."""
    return TrainingSpec(
        dataset="made",
        split=SplitSpec(test_share=0.5),
        windows=WindowSpec(length=1024, train_hop=128, test_hop=512),
        optimizer=OptimizerSpec(learning_rate=0.003, weight_decay=0.0),
        batch_size=32,
        epochs=2,
        device="cpu",
    )


@pytest.fixture
def made(researcher: Actor, tiny_generation: GenerationSpec) -> str:
    """The name of a generated data set, its samples on disk."""
    from core.jobs.running import run_job

    with session_scope() as session:
        row_id = request_generation(session, researcher, tiny_generation).id
    assert run_job(JobKind.GENERATION, row_id)
    return tiny_generation.dataset
