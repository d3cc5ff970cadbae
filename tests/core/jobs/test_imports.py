import errno
import os
import signal
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import scipy.stats
from sqlalchemy import func, select

from core.jobs import imports
from core.jobs.running import run_job
from core.models import Dataset, DatasetImport, Signal, Upload
from core.queries.runs import ImportReport, get_import_report
from core.services.access import Actor
from core.services.datasets import request_import
from core.services.jobs import JobKind, cancel_run
from core.services.uploads import ArrivedFile, add_uploads
from core.settings import get_settings
from core.specs import ImportSpec, MixedRates
from core.storage import arrays, reading, uploads
from core.storage.database import read_scope, session_scope


def list_signals() -> list[Signal]:
    with read_scope() as session:
        return list(session.scalars(select(Signal).order_by(Signal.signal_id)))


def test_channels_of_both_sources_become_signals_with_label_speed_and_load(do_import, write_cwru, write_mfpt):
    write_cwru("12k_Drive_End_IR007_2_107")
    report = do_import(write_mfpt("OuterRaceFault_vload_1").parent, mixed=MixedRates.KEEP)
    assert (report.status, report.num_files, report.num_new_signals, report.errors) == ("completed", 2, 3, {})
    found = {
        s.signal_id: (s.fault_class, s.severity, s.load, s.rpm, s.sampling_rate_hz) for s in list_signals()
    }
    assert found == {
        "12k_Drive_End_IR007_2_107/DE": ("inner_race", "incipient", "2", 1797.0, 12_000.0),
        "12k_Drive_End_IR007_2_107/FE": ("inner_race", "incipient", "2", 1797.0, 12_000.0),
        "OuterRaceFault_vload_1/accelerometer": ("outer_race", "unknown", "270", 1500.0, 48_828.0),
    }


def test_report_counts_the_bytes_that_were_read(do_import, write_cwru):
    path = write_cwru("IR007_0_105")
    report = do_import(path)
    assert report.num_bytes == path.stat().st_size
    assert report.duration_s > 0


def test_features_equal_scipys_on_the_stored_samples(do_import, write_cwru):
    do_import(write_cwru("IR007_0_105"), write_cwru("B007_0_118"))
    for row in list_signals():
        x = np.asarray(arrays.open_samples(row.file_path), dtype=np.float64)
        assert row.num_samples == len(x)
        assert row.rms == pytest.approx(np.sqrt(np.mean(x**2)), rel=1e-6)
        assert row.kurtosis == pytest.approx(scipy.stats.kurtosis(x, fisher=False), rel=1e-6)
        frequency_hz, power = scipy.signal.periodogram(x, row.sampling_rate_hz, window="hann")
        bin_hz = row.sampling_rate_hz / len(x)
        assert row.dominant_frequency == pytest.approx(frequency_hz[power.argmax()], abs=bin_hz)


def test_second_import_adds_nothing_and_says_so(do_import, write_cwru):
    folder = write_cwru("IR007_0_105").parent
    write_cwru("B007_0_118")
    first = do_import(folder)
    again = do_import(folder)
    assert (first.num_new_signals, first.findings) == (4, ())
    assert (again.status, again.num_new_signals) == ("completed", 0)
    assert again.findings == ("2 of 2 files are in the data set already; not entered again",)


def test_files_that_came_since_are_added(do_import, write_cwru):
    folder = write_cwru("IR007_0_105").parent
    do_import(folder)
    write_cwru("B007_0_118")
    assert do_import(folder).num_new_signals == 2


def test_a_corrupt_file_is_listed_by_name_and_the_rest_is_entered(do_import, write_cwru):
    folder = write_cwru("IR007_0_105").parent
    broken = write_cwru("B007_0_118")
    broken.write_bytes(broken.read_bytes()[:5_000])
    report = do_import(folder)
    assert report.status == "completed"
    assert report.num_new_signals == 2
    assert list(report.errors) == ["B007_0_118.mat"]
    assert "B007_0_118.mat" in report.errors["B007_0_118.mat"]


def test_corrupt_files_of_one_name_are_both_listed(do_import, write_cwru):
    for folder in ("files", "files/more"):
        write_cwru("B007_0_118", folder=folder).write_bytes(b"MATLAB 5.0 MAT-file, or so it says")
    report = do_import(write_cwru("IR007_0_105").parent)
    assert set(report.errors) == {"B007_0_118.mat", str(Path("more", "B007_0_118.mat"))}


def test_all_corrupt_fails_and_keeps_every_error(do_import, write_cwru):
    for name in ("IR007_0_105", "B007_0_118"):
        path = write_cwru(name)
        path.write_bytes(b"not a MATLAB file")
    report = do_import(path.parent)
    assert report.status == "failed"
    assert set(report.errors) == {"IR007_0_105.mat", "B007_0_118.mat"}
    assert "none of the files could be entered (2); the first: " in report.error_message
    with read_scope() as session:
        assert session.scalar(select(func.count(Dataset.id))) == 0


def test_no_recording_under_the_path_fails_and_says_what_to_give(do_import, tmp_path):
    report = do_import(tmp_path)
    assert report.status == "failed"
    assert "no recording lies under" in report.error_message
    assert "give .h5, .hdf5, .mat, .npy, .npz, .zip files" in report.error_message


def test_a_path_that_does_not_exist_fails_by_name(do_import, tmp_path):
    assert "gone does not exist" in do_import(tmp_path / "gone").error_message


@pytest.fixture
def mixed_folder(write_cwru):
    write_cwru("IR007_0_105")
    write_cwru("B007_0_118")
    return write_cwru("normal_0_97", rate_hz=48_000.0, size=96_000).parent


def test_mixed_rates_are_resampled_to_the_usual_one_and_say_so(do_import, mixed_folder):
    report = do_import(mixed_folder)
    normal = next(s for s in list_signals() if s.signal_id == "normal_0_97/DE")
    assert {s.sampling_rate_hz for s in list_signals()} == {12_000.0}
    assert (normal.num_samples, normal.meta_data["original_rate_hz"]) == (24_000, 48_000.0)
    said = "resampled from 48,000 Hz to the data set's 12,000 Hz"
    assert said in normal.meta_data["findings"]
    assert f"normal_0_97/DE: {said}" in report.findings
    x = np.asarray(arrays.open_samples(normal.file_path), dtype=np.float64)
    assert normal.rms == pytest.approx(np.sqrt(np.mean(x**2)), rel=1e-6)
    native = normal.meta_data["original_checksum"]
    native_samples = np.asarray(arrays.open_samples(f"{native[:2]}/{native}.npy"), dtype=np.float64)
    np.testing.assert_array_equal(x, scipy.signal.resample_poly(native_samples, 1, 4).astype(np.float32))


def test_mixed_rates_are_refused_on_request_with_both_rates_named(do_import, mixed_folder):
    report = do_import(mixed_folder, mixed=MixedRates.REFUSE)
    assert (report.status, report.num_new_signals) == ("completed", 4)
    assert set(report.errors) == {"normal_0_97/DE", "normal_0_97/FE"}
    assert (
        "sampled at 48,000 Hz, the data set's other records at 12,000 Hz" in report.errors["normal_0_97/DE"]
    )


def test_mixed_rates_are_kept_on_request(do_import, mixed_folder):
    assert do_import(mixed_folder, mixed=MixedRates.KEEP).num_new_signals == 6
    assert {s.sampling_rate_hz for s in list_signals()} == {12_000.0, 48_000.0}


def test_what_is_stored_decides_the_rate_of_what_comes_later(do_import, write_cwru):
    do_import(write_cwru("IR007_0_105"))
    for name in ("normal_0_97", "normal_1_98"):
        write_cwru(name, rate_hz=48_000.0, folder="later", size=96_000)
    report = do_import(write_cwru("normal_2_99", rate_hz=48_000.0, folder="later", size=96_000).parent)
    assert report.num_new_signals == 6
    assert {s.sampling_rate_hz for s in list_signals()} == {12_000.0}


def test_changed_file_of_a_stored_record_is_a_conflict_and_enters_nothing(do_import, write_cwru):
    do_import(write_cwru("IR007_0_105"))
    write_cwru("B007_0_118", folder="changed")
    report = do_import(write_cwru("IR007_0_105", seed=9, folder="changed").parent)
    assert report.status == "failed"
    assert "holds a record 'IR007_0_105/DE' with other samples" in report.error_message
    assert len(list_signals()) == 2


def test_duplicate_content_is_entered_once_and_named(do_import, write_cwru):
    path = write_cwru("IR007_0_105")
    (path.parent / "IR007_0_205.mat").write_bytes(path.read_bytes())
    report = do_import(path.parent)
    assert report.num_new_signals == 2
    assert "IR007_0_205.mat holds the same bytes as IR007_0_105.mat, so it is left out" in report.findings
    assert {s.source_file for s in list_signals()} == {"IR007_0_105.mat"}


def test_import_by_an_admin_into_anothers_data_set_is_done(do_import, write_cwru, make_actor):
    do_import(write_cwru("IR007_0_105"))
    admin = make_actor("chief", "admin")
    with session_scope() as session:
        spec = ImportSpec(dataset="rig", paths=(write_cwru("B007_0_118"),))
        row_id = request_import(session, admin, spec).id
    run_job(JobKind.IMPORT, row_id)
    with read_scope() as session:
        assert get_import_report(session, row_id).status == "completed"


def test_import_cancelled_midway_enters_nothing(researcher: Actor, write_cwru, monkeypatch):
    numbers = [105, 106, 107, 108, 118, 119, 120, 121]
    folder = {write_cwru(str(number), size=2_000).parent for number in numbers}.pop()
    with session_scope() as session:
        row_id = request_import(session, researcher, ImportSpec(dataset="rig", paths=(folder,))).id
    read, seen = imports.read_source, threading.Event()

    def read_and_cancel(*arguments):
        if not seen.is_set():
            seen.set()
            with session_scope() as session:
                cancel_run(session, researcher, JobKind.IMPORT, row_id)
        return read(*arguments)

    monkeypatch.setattr(imports, "read_source", read_and_cancel)
    run_job(JobKind.IMPORT, row_id)
    with read_scope() as session:
        assert session.get_one(DatasetImport, row_id).status == "cancelled"
        assert session.scalar(select(func.count(Dataset.id))) == 0
    assert list_signals() == []


@pytest.mark.slow
def test_37_files_of_cwru_hold_110_channels_and_the_healthy_ones_are_resampled(do_import, shared_data):
    report = do_import(shared_data / "cwru")
    assert (report.status, report.num_files, report.num_new_signals, report.errors) == (
        "completed",
        37,
        110,
        {},
    )
    assert {s.meta_data.get("original_rate_hz") for s in list_signals() if s.fault_class == "healthy"} == {
        48e3
    }


def test_4_files_of_mfpt_hold_4_channels(do_import, shared_data):
    report = do_import(shared_data / "mfpt")
    assert (report.status, report.num_files, report.num_new_signals, report.errors) == ("completed", 4, 4, {})


def test_file_too_large_to_read_is_refused_by_its_size_and_the_rest_is_in(do_import, write_cwru):
    path = write_cwru("IR007_0_105")
    with (path.parent / "B014_0_185.mat").open("wb") as file:
        file.truncate(40 << 30)  # sparse: it takes no room
    report = do_import(path.parent)
    assert report.num_new_signals > 0
    assert "B014_0_185.mat has 42.9 GB" in report.errors["B014_0_185.mat"]


def test_full_disk_is_told_with_the_folder_and_the_next_step(do_import, write_cwru, monkeypatch, home):
    def write(_chunks, _expected):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(arrays, "write_stream", write)
    report = do_import(write_cwru("IR007_0_105"))
    assert report.status == "failed"
    assert str(home) in report.error_message
    assert "make some" in report.error_message


@pytest.fixture
def add_upload():
    """Enter a file as it came by upload, under a name of its sender's choice."""

    def add(actor: Actor, path: Path, name: str) -> str:
        batch = uploads.Batch()
        draft = batch.begin()
        draft.write(memoryview(path.read_bytes()))
        draft.finish()
        batch.keep()
        arrived = ArrivedFile(draft.upload_id, name, draft.size, draft.sha256)
        with session_scope() as session:
            return add_uploads(session, actor, [arrived])[0].id

    return add


def import_uploads(actor: Actor, *upload_ids: str) -> ImportReport:
    with session_scope() as session:
        row_id = request_import(session, actor, ImportSpec(dataset="rig", uploads=upload_ids)).id
    assert run_job(JobKind.IMPORT, row_id)
    with read_scope() as session:
        return get_import_report(session, row_id)


def test_imported_uploads_are_known_by_their_names_and_deleted(researcher, add_upload, write_cwru):
    upload_id = add_upload(researcher, write_cwru("IR007_0_105"), "B007_0_118.mat")
    assert (
        import_uploads(researcher, upload_id)
        .findings[0]
        .endswith("the name says number 118, the variables 105")
    )
    assert {(s.source_file, s.fault_class) for s in list_signals()} == {("B007_0_118.mat", "ball")}
    with read_scope() as session:
        assert session.scalar(select(func.count(Upload.id))) == 0
    assert not list(get_settings().uploads_dir.glob("*/*"))


def test_rows_of_an_import_are_safe_from_a_power_cut_before_its_uploads_go(
    researcher, add_upload, write_cwru, monkeypatch
):
    upload_id = add_upload(researcher, write_cwru("IR007_0_105"), "IR007_0_105.mat")
    upload_file = uploads.path_of(upload_id)
    sync, kept = os.fsync, []

    def note(handle):
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        with read_scope() as session:
            status = session.scalars(select(DatasetImport.status)).one()
        kept.append((name, status, upload_file.exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    import_uploads(researcher, upload_id)
    assert ("brinell.db-wal", "completed", True) in kept
    assert not upload_file.exists()


def test_uploads_of_a_failed_import_stay_and_are_told_apart(researcher, add_upload, tmp_path):
    (tmp_path / "x").write_bytes(b"nothing")
    ids = [add_upload(researcher, tmp_path / "x", "105.mat") for _ in range(2)]
    report = import_uploads(researcher, *ids)
    assert (report.status, set(report.errors)) == ("failed", {"105.mat", "105.mat (2)"})
    with read_scope() as session:
        assert session.scalar(select(func.count(Upload.id))) == 2


def test_uploads_of_another_and_gone_ones_are_refused(researcher, make_actor, add_upload, write_cwru):
    upload_id = add_upload(make_actor("other"), write_cwru("IR007_0_105"), "IR007_0_105.mat")
    assert "IR007_0_105.mat" in import_uploads(researcher, upload_id).error_message
    assert "there is no upload" in import_uploads(researcher, "0" * 32).error_message
    assert list_signals() == []


def test_files_of_an_archive_are_files_of_their_own(do_import, write_cwru, tmp_path):
    first, second = write_cwru("IR007_0_105"), write_cwru("B007_0_118")
    archive = tmp_path / "runs.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(first, "a/IR007_0_105.mat")
        file.write(second, "b/B007_0_118.mat")
        file.writestr("b/notes.txt", "hello")
    report = do_import(archive)
    assert (report.status, report.num_files, report.num_new_signals) == ("completed", 3, 4)
    assert list(report.errors) == ["runs.zip: b/notes.txt"]
    assert do_import(first.parent).findings == (
        "2 of 2 files are in the data set already; not entered again",
    )


def test_archive_that_climbs_is_refused_whole(do_import, write_cwru, tmp_path):
    with zipfile.ZipFile(tmp_path / "runs.zip", "w") as file:
        file.write(write_cwru("IR007_0_105"), "IR007_0_105.mat")
        file.write(write_cwru("B007_0_118"), "../B007_0_118.mat")
    report = do_import(tmp_path / "runs.zip")
    assert (report.status, list(report.errors)) == ("failed", ["runs.zip"])
    assert list_signals() == []


def test_reader_that_crashes_costs_its_file_only(do_import, write_cwru, monkeypatch):
    folder = write_cwru("IR007_0_105").parent
    write_cwru("B007_0_118")
    read = reading.Reader.read

    def crash(self, file, name, stated):
        if name.startswith("B007"):
            os.kill(self.pid, signal.SIGSEGV)
        return read(self, file, name, stated)

    monkeypatch.setattr(reading.Reader, "read", crash)
    report = do_import(folder)
    assert (report.status, report.num_new_signals) == ("completed", 2)
    assert "made its reader crash (SIGSEGV)" in report.errors["B007_0_118.mat"]


def test_name_that_is_no_text_is_refused_and_shown_as_escapes(do_import, write_cwru):
    path = write_cwru("IR007_0_105")
    path.rename(path.with_name("\udcff\n.mat"))
    report = do_import(path.parent)
    assert list(report.errors) == ["\\udcff\\n.mat"]
    assert "rename it" in report.errors["\\udcff\\n.mat"]


def test_what_was_passed_over_in_a_folder_is_told(do_import, write_cwru):
    folder = write_cwru("IR007_0_105").parent
    (folder / "model.pt").touch()
    assert do_import(folder).findings == ("passed over model.pt: no files of a kind that is read",)
