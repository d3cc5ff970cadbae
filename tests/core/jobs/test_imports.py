import errno
import threading
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import scipy.stats
from sqlalchemy import func, select

from core.jobs import imports
from core.jobs.running import run_job
from core.models import Dataset, DatasetImport, Signal
from core.queries.runs import get_import_report
from core.services.access import Actor
from core.services.datasets import request_import
from core.services.jobs import JobKind, cancel_run
from core.specs import ImportSpec, MixedRates
from core.storage import arrays
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
    assert "nothing of 2 files could be entered; the first: " in report.error_message
    with read_scope() as session:
        assert session.scalar(select(func.count(Dataset.id))) == 0


def test_no_recording_under_the_path_fails_and_says_what_to_give(do_import, tmp_path):
    report = do_import(tmp_path)
    assert report.status == "failed"
    assert "no recording lies under" in report.error_message
    assert "give .mat files" in report.error_message


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
    read, seen = imports.readers.read_file, threading.Event()

    def read_and_cancel(path):
        if not seen.is_set():
            seen.set()
            with session_scope() as session:
                cancel_run(session, researcher, JobKind.IMPORT, row_id)
        return read(path)

    monkeypatch.setattr(imports.readers, "read_file", read_and_cancel)
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
    def write(_samples):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(arrays, "write", write)
    report = do_import(write_cwru("IR007_0_105"))
    assert report.status == "failed"
    assert str(home) in report.error_message
    assert "make some" in report.error_message
