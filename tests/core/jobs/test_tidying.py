import os
import resource
import threading
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from core.clock import utc_now
from core.jobs import recordings, tidying
from core.jobs.run_files import describe_file
from core.jobs.tidying import OWNER_FILE, Tidied, tidy
from core.models import Artifact, DatasetImport, Signal, Upload, User
from core.services.checkpoint_rows import CHECKPOINT_KIND
from core.services.experiments import add_checkpoint, pause_experiment
from core.services.jobs import JobKind, cancel_run, claim_run
from core.specs import MixedRates
from core.storage import arrays, artifacts
from core.storage.database import read_scope, session_scope

LONG_AGO = timedelta(days=30)
DATABASES = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def grow_old(home):
    """Let everything in the home have been written long ago."""

    def act():
        moment = (utc_now() - LONG_AGO).timestamp()
        for path in home.rglob("*"):
            if path.is_file():
                os.utime(path, (moment, moment))

    return act


@pytest.fixture
def rows_grow_old():
    """Let every import and upload be of long ago."""

    def act():
        with session_scope() as session:
            for row in (*session.scalars(select(DatasetImport)), *session.scalars(select(Upload))):
                row.created_at -= LONG_AGO
                if isinstance(row, DatasetImport) and row.finished_at:
                    row.finished_at -= LONG_AGO

    return act


def files(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}


def signal_files():
    with read_scope() as session:
        return set(session.scalars(select(Signal.file_path)))


def add_artifact(experiment_id, *, entered):
    with artifacts.writing() as draft:
        draft.path.write_bytes(b"weights")
    if entered:
        with session_scope() as session:
            session.add(
                Artifact(
                    id=draft.artifact_id,
                    experiment_id=experiment_id,
                    kind="checkpoint",
                    name="best",
                    media_type="x",
                    size_bytes=draft.size,
                    sha256=draft.sha256,
                )
            )
    return draft.artifact_id


@DATABASES
def test_only_old_files_without_a_row_go(home, do_import, write_cwru, experiment_id, grow_old):
    do_import(write_cwru("IR007_0_105"))
    named = files(home / "recordings")
    entered, lost = (add_artifact(experiment_id, entered=entered) for entered in (True, False))
    orphan = arrays.write(np.zeros(3_000, dtype=np.float32))
    grow_old()
    fresh = arrays.write(np.ones(9, dtype=np.float32))
    late = add_artifact(experiment_id, entered=False)
    found = tidy(utc_now())
    assert found == Tidied(artifacts=1, recordings=1, freed_bytes=7 + 128 + 12_000 + 128 + 8 * 12)
    assert files(home / "recordings") == named | {fresh.path[3:]}
    assert files(home / "artifacts") == {entered, late}
    assert orphan.path[3:] not in named
    assert lost != entered
    assert tidy(utc_now()) == Tidied()


def test_recordings_that_others_were_resampled_from_stay(home, do_import, write_cwru, grow_old):
    for name in ("normal_0_97", "normal_1_98"):
        write_cwru(name, rate_hz=12_000.0)
    folder = write_cwru("IR007_0_105", rate_hz=48_000.0, size=96_000).parent
    assert do_import(folder, mixed=MixedRates.RESAMPLE).num_new_signals == 6
    grow_old()
    before = files(home / "recordings")
    assert len([name for name in before if ".p" not in name]) == 8
    assert tidy(utc_now()) == Tidied()
    assert files(home / "recordings") == before


def test_drafts_of_killed_writers_go_in_every_folder(home, researcher, grow_old):
    names = (
        "broker/queue/.x.draft",
        "recordings/.x.draft",
        "artifacts/ab/x.draft",
        "artifacts/ab/x.draft.partial",
        "uploads/ab/x.draft",
    )
    for name in names:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(b"half")
    assert tidy(utc_now()).drafts == 0
    grow_old()
    assert tidy(utc_now()) == Tidied(drafts=5, freed_bytes=20)


@DATABASES
def test_what_a_failed_import_alone_stored_goes_and_what_others_share_stays(
    home, do_import, write_cwru, grow_old, rows_grow_old
):
    do_import(write_cwru("IR007_0_105"))
    shared = files(home / "recordings")
    write_cwru("B007_0_118", folder="changed")
    write_cwru("IR007_1_106", seed=105, folder="changed")  # the samples of the stored record, another name
    assert do_import(write_cwru("IR007_0_105", seed=9, folder="changed").parent).status == "failed"
    assert len(files(home / "recordings")) > len(shared)
    grow_old()
    rows_grow_old()
    assert tidy(utc_now()).recordings == 4
    assert files(home / "recordings") == shared


def test_import_that_runs_for_days_keeps_what_it_stored_first(home, do_import, write_cwru, monkeypatch):
    """The sweep comes between the files and the rows of an import that began long ago."""
    swept = []

    def enter_late(*arguments):
        moment = (utc_now() - timedelta(days=3)).timestamp()
        for path in (home / "recordings").rglob("*.npy"):
            os.utime(path, (moment, moment))
        with session_scope() as session:
            for row in session.scalars(select(DatasetImport).where(DatasetImport.status == "running")):
                row.created_at = utc_now() - timedelta(days=4)
        swept.append(tidy(utc_now()))
        report(*arguments)

    from core.jobs import imports

    report = imports._report
    do_import(write_cwru("IR007_0_105"))
    monkeypatch.setattr(imports, "_report", enter_late)
    do_import(write_cwru("B007_0_118"))
    assert swept == [Tidied()]
    assert all((home / "recordings" / path).exists() for path in signal_files())


@DATABASES
def test_new_import_of_an_old_orphan_keeps_it_at_every_moment_of_a_sweep(
    home, write_cwru, grow_old, do_import, monkeypatch
):
    """The orphan is found by the sweep, then by the import, then comes the sweep's hand, then the row."""
    do_import(write_cwru("B007_0_118"))
    store = recordings.store_recording
    orphans = []

    def store_between(recording):
        if not orphans:
            orphans.append(arrays.write(recording.samples))
            grow_old()
            found = list(tidying._unnamed_recordings(tidying.list_stored(home / "recordings", before)))
            assert len(found) == 1
            stored = store(recording)
            assert [tidying.remove(left, before) for left in found] == [None]
            return stored
        return store(recording)

    before = (utc_now() - tidying.GRACE).timestamp()
    monkeypatch.setattr("core.jobs.imports.store_recording", store_between)
    do_import(write_cwru("IR007_0_105", folder="other"))
    assert len(signal_files()) == 4
    assert all((home / "recordings" / path).exists() for path in signal_files())


def test_sweeps_beside_imports_remove_no_referenced_file(home, do_import, write_cwru, grow_old, monkeypatch):
    """Sweeps go on without a pause and take every file for old at once; the imports of orphans go on too."""
    folders = [write_cwru(f"IR007_{n}_{105 + n}", size=4_000, folder=f"f{n}") for n in range(4)]
    do_import(write_cwru("B007_0_118", size=4_000))
    monkeypatch.setattr(tidying, "GRACE", timedelta(seconds=0.5))
    monkeypatch.setattr(tidying, "SKEW", timedelta(seconds=0))
    done = threading.Event()

    def sweep():
        while not done.is_set():
            tidy(utc_now())

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for turn, folder in enumerate(folders * 2):
            do_import(folder, dataset=f"rig{turn}")
            assert [p for p in signal_files() if not (home / "recordings" / p).exists()] == []
    finally:
        done.set()
        sweeper.join()


@DATABASES
def test_uploads_go_with_their_imports_and_when_nobody_asks_for_them(home, researcher, grow_old):
    old, now = utc_now() - LONG_AGO, utc_now()
    with session_scope() as session:
        ended = DatasetImport(
            name="a", config={}, status="failed", finished_at=old, created_by=researcher.user_id
        )
        running = DatasetImport(name="b", config={}, status="running", created_by=researcher.user_id)
        session.add_all([ended, running])
        session.flush()
        cases = {"1": (ended.id, old), "2": (None, old), "3": (running.id, old), "4": (None, now)}
        for digit, (import_id, created) in cases.items():
            session.add(
                Upload(
                    id=digit * 32,
                    name="a.mat",
                    size_bytes=1,
                    sha256="0" * 64,
                    created_by=researcher.user_id,
                    dataset_import_id=import_id,
                    created_at=created,
                )
            )
    for digit in "12345":
        file = home / "uploads" / (digit * 2) / (digit * 32)
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x")
    grow_old()
    with session_scope() as session:
        session.get_one(DatasetImport, running.id).created_at = now
    assert tidy(now).uploads == 3
    assert files(home / "uploads") == {"3" * 32, "4" * 32}
    with read_scope() as session:
        assert set(session.scalars(select(Upload.id))) == {"3" * 32, "4" * 32}


def test_home_that_another_database_has_tidied_is_left_alone(home, do_import, write_cwru, grow_old):
    do_import(write_cwru("IR007_0_105"))
    tidy(utc_now())
    (home / "recordings" / "aa").mkdir(exist_ok=True)
    orphan = arrays.write(np.zeros(9, dtype=np.float32))
    grow_old()
    with session_scope() as session:
        session.scalars(select(User)).first().created_at -= LONG_AGO
    assert tidy(utc_now()) == Tidied()
    assert (home / "recordings" / orphan.path).exists()
    (home / OWNER_FILE).unlink()
    assert tidy(utc_now()).recordings == 1


def test_first_sweep_that_a_full_disk_cuts_off_does_not_keep_later_ones_from_tidying(
    home, do_import, write_cwru, grow_old
):
    do_import(write_cwru("IR007_0_105"))
    arrays.write(np.zeros(9, dtype=np.float32))
    grow_old()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            tidy(utc_now())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert tidy(utc_now()).recordings == 1


def test_states_that_nobody_can_go_on_from_go_with_their_files(home, experiment_id, researcher):
    with session_scope() as session:
        claim = claim_run(session, JobKind.TRAINING, experiment_id, "host:1")
    with artifacts.writing() as draft:
        draft.path.write_bytes(b"state")
    file = describe_file(draft, CHECKPOINT_KIND, "state-00001", "x", epoch=1)
    with session_scope() as session:
        add_checkpoint(session, claim, file)
        pause_experiment(session, researcher, experiment_id)
    tidy(utc_now())
    with session_scope() as session:
        cancel_run(session, researcher, JobKind.TRAINING, experiment_id)
    tidy(utc_now())
    assert artifacts.path_of(draft.artifact_id).exists()
    assert tidy(utc_now() + 2 * tidying.GRACE).states == 1
    assert files(home / "artifacts") == set()
    with read_scope() as session:
        assert session.get(Artifact, draft.artifact_id) is None


def test_fresh_database_removes_nothing(home, database, grow_old):
    orphan = arrays.write(np.zeros(9, dtype=np.float32))
    grow_old()
    assert tidy(utc_now()) == Tidied()
    assert (home / "recordings" / orphan.path).exists()
    assert not (home / OWNER_FILE).exists()


def test_batches_find_what_is_named_in_each_of_them(home, do_import, write_cwru, grow_old, monkeypatch):
    monkeypatch.setattr(tidying, "BATCH", 2)
    do_import(write_cwru("IR007_0_105"), write_cwru("B007_0_118"))
    for value in range(5):
        arrays.write(np.full(9, value, dtype=np.float32))
    grow_old()
    assert tidy(utc_now()).recordings == 5
    assert all((home / "recordings" / path).exists() for path in signal_files())
