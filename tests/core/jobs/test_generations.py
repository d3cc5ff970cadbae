import pytest
from sqlalchemy import select

from core.jobs.running import run_job
from core.models import Dataset, DatasetGeneration, Signal
from core.services.datasets import request_generation
from core.services.jobs import JobKind
from core.storage import arrays
from core.storage.database import read_scope, session_scope


def generate(actor, spec):
    with session_scope() as session:
        row_id = request_generation(session, actor, spec).id
    assert run_job(JobKind.GENERATION, row_id)
    with read_scope() as session:
        return session.get_one(DatasetGeneration, row_id)


def checksums(name):
    with read_scope() as session:
        rows = session.execute(
            select(Signal.signal_id, Signal.checksum).join(Dataset).where(Dataset.name == name)
        )
        return dict(rows.all())


def test_what_was_asked_for_is_what_is_stored(researcher, tiny_generation):
    spec = tiny_generation.model_copy(update={"severities": ("mild", "severe"), "loads": (0.0, 2.0)})
    row = generate(researcher, spec)
    with read_scope() as session:
        dataset = session.scalars(select(Dataset)).one()
        signals = session.scalars(select(Signal)).all()
    assert (row.status, row.progress, row.num_signals, row.dataset_id) == ("completed", 100, 24, dataset.id)
    assert (dataset.num_signals, dataset.fault_types) == (24, ["healthy", "inner_race"])
    assert dataset.severity_levels == ["mild", "nominal", "severe"]
    assert "Not measured" in dataset.description
    assert dataset.meta_data["loads"] == ["0", "2"]
    assert {s.machine_id for s in signals} == {"M1", "M2"}
    assert all(len(arrays.open_samples(s.file_path)) == s.num_samples == 3600 for s in signals)


def test_same_spec_gives_the_same_samples(researcher, tiny_generation):
    generate(researcher, tiny_generation)
    generate(researcher, tiny_generation.model_copy(update={"dataset": "again"}))
    generate(researcher, tiny_generation.model_copy(update={"dataset": "other", "seed": 1}))
    assert len(checksums("made")) == 8
    assert checksums("made") == checksums("again")
    assert set(checksums("made").values()).isdisjoint(checksums("other").values())


def test_a_generation_cannot_be_run_twice(researcher, tiny_generation):
    row = generate(researcher, tiny_generation)
    assert not run_job(JobKind.GENERATION, row.id)
    assert len(checksums("made")) == 8


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_generation_is_stored_on_postgresql_too(researcher, tiny_generation):
    assert generate(researcher, tiny_generation).status == "completed"
