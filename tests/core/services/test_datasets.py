import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from core.errors import ConflictError, ForbiddenError, NotFoundError
from core.models import Dataset, Signal
from core.services.datasets import (
    StoredRecording,
    add_signals,
    ensure_dataset,
    get_dataset,
    request_generation,
    request_import,
)
from core.specs import GenerationSpec, ImportSpec, Recording
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def recording(record="r1", checksum="a" * 64, **fields) -> StoredRecording:
    values = {"channel": "DE", "rate_hz": 12_000.0, "fault_class": "ball", "severity": "mild", "load": "1"}
    return StoredRecording(
        recording=Recording(record=record, samples=np.empty(0, np.float32), **{**values, **fields}),
        path=f"{checksum[:2]}/{checksum}.npy",
        checksum=checksum,
        num_samples=100,
        rms=1.0,
        kurtosis=None,
        dominant_frequency=30.0,
    )


def add(actor, stored, name="rig"):
    with session_scope() as session:
        return add_signals(session, actor, ensure_dataset(session, actor, name), stored)


def test_unknown_data_set_error_lists_what_is_stored(dataset):
    with read_scope() as session, pytest.raises(NotFoundError, match="no data set 'cwru'; stored are: rig"):
        get_dataset(session, "cwru")


@BOTH
def test_data_set_says_of_itself_what_its_records_hold(researcher):
    add(researcher, [recording(), recording("r2", fault_class="healthy", severity="nominal", load=None)])
    add(researcher, [recording("r3", channel="FE", rate_hz=48_000.0, load="0")])
    with read_scope() as session:
        row = get_dataset(session, "rig")
        signal = session.scalars(select(Signal).where(Signal.signal_id == "r1/DE")).one()
    assert (row.num_signals, row.fault_types, row.severity_levels) == (
        3, ["ball", "healthy"], ["mild", "nominal"]
    )  # fmt: skip
    assert row.meta_data == {"channels": ["DE", "FE"], "sampling_rates_hz": [12e3, 48e3], "loads": ["0", "1"]}
    assert (signal.kurtosis, signal.rms, signal.meta_data["record"]) == (None, 1.0, "r1")


def test_what_is_stored_already_is_not_added_again(researcher):
    assert add(researcher, [recording(), recording("r2")]) == 2
    assert add(researcher, [recording(), recording("r3")]) == 1


@pytest.mark.parametrize("stored_before", [True, False])
def test_a_record_with_other_samples_is_a_conflict_and_adds_nothing(researcher, stored_before):
    changed = recording(checksum="b" * 64)
    if stored_before:
        add(researcher, [recording()])
    with pytest.raises(ConflictError, match="'rig' holds a record 'r1/DE' with other samples"):
        add(researcher, [*([] if stored_before else [recording()]), recording("r2"), changed])
    with read_scope() as session:
        assert session.scalars(select(Signal.signal_id)).all() == (["r1/DE"] if stored_before else [])


def test_the_same_record_twice_at_once_is_added_once(researcher):
    assert add(researcher, [recording(), recording()]) == 1


def test_another_researchers_data_set_is_not_added_to(researcher, dataset, make_actor):
    other = make_actor("other")
    with pytest.raises(ForbiddenError, match="data set 'rig' belongs to another user"):
        add(other, [recording()])
    with pytest.raises(ForbiddenError), session_scope() as session:
        request_import(session, other, ImportSpec(dataset="rig", paths=(Path("x"),)))
    assert add(make_actor("chief", "admin"), [recording()]) == 1


def test_viewer_asks_for_neither_import_nor_generation(make_actor):
    viewer = make_actor("guest", "viewer")
    with session_scope() as session:
        with pytest.raises(ForbiddenError):
            request_import(session, viewer, ImportSpec(dataset="rig", paths=(Path("x"),)))
        with pytest.raises(ForbiddenError):
            request_generation(session, viewer, GenerationSpec(dataset="x"))


def test_generation_under_a_taken_name_is_refused(researcher, dataset):
    expected = "a data set 'rig' exists; generate under another name"
    with pytest.raises(ConflictError, match=expected), session_scope() as session:
        request_generation(session, researcher, GenerationSpec(dataset="rig"))


@BOTH
def test_jobs_that_fill_one_data_set_at_once_all_get_through(researcher, database):
    start = threading.Barrier(4)

    def race(number):
        start.wait()
        return add(researcher, [recording("same"), recording(f"own {number}")])

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(race, range(4))) == [1, 1, 1, 2]
    with read_scope() as session:
        assert session.scalars(select(Dataset.num_signals)).one() == 5
