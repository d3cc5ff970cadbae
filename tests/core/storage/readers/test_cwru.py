from collections import Counter

import numpy as np
import pytest
import scipy.io
import scipy.stats

from core.errors import UnreadableFileError
from core.storage import readers
from core.storage.readers.cwru_names import find_label, get_label
from core.vibration.statistics import kurtosis


@pytest.fixture(scope="module")
def recordings(shared_data, read_path):
    return [r for path in readers.find_files([shared_data / "cwru"]) for r in read_path(path)]


def test_37_files_hold_110_channels_of_ten_specimens(recordings):
    assert len({r.record for r in recordings}) == 37
    assert Counter(r.channel for r in recordings) == {"DE": 37, "FE": 37, "BA": 36}
    assert len({r.bearing_id for r in recordings}) == 10
    assert Counter(r.fault_class for r in recordings if r.channel == "DE") == {
        "ball": 12, "inner_race": 12, "outer_race": 12, "healthy": 1
    }  # fmt: skip
    assert {r.unit for r in recordings} == {None}


def test_only_the_healthy_record_is_found_to_be_48_khz(recordings):
    assert Counter((r.fault_class == "healthy", r.rate_hz) for r in recordings) == {
        (False, 12_000.0): 108, (True, 48_000.0): 2
    }  # fmt: skip
    for recording in recordings:
        check = recording.meta_data["rate_check"]["agrees"]
        if recording.fault_class == "healthy":
            assert check is False
            assert "sampled at 48,000 Hz, not at 12,000" in recording.findings[0]
        else:
            assert check is not False
            assert recording.findings == ()


def test_a_record_carries_its_label_and_measured_speed(shared_data, read_path):
    recording = read_path(shared_data / "cwru/12k_Drive_End_OR014@6_2_199.mat")[0]
    raw = scipy.io.loadmat(shared_data / "cwru/12k_Drive_End_OR014@6_2_199.mat")
    assert (recording.channel, recording.fault_class, recording.severity) == ("DE", "outer_race", "moderate")
    assert (recording.bearing_id, recording.bearing_model) == ("OR014@6", "SKF 6205-2RS")
    assert (recording.load, recording.rpm) == ("2", raw["X199RPM"].item())
    assert recording.meta_data["fault_size"] == "0.014 in"
    assert recording.meta_data["clock_position"] == 6
    assert recording.meta_data["cwru_number"] == 199
    np.testing.assert_array_equal(recording.samples, raw["X199_DE_time"].ravel().astype(np.float32))
    expected = scipy.stats.kurtosis(raw["X199_DE_time"].ravel(), fisher=False)
    assert kurtosis(recording.samples) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "bearing_id", "severity", "load", "rate_hz"),
    [
        ("105", "IR007", "incipient", "0", 12_000.0),
        ("261", "OR021@12", "severe", "3", 12_000.0),
        ("97", "normal", "nominal", "0", 12_000.0),
        ("normal_2_99", "normal", "nominal", "2", 12_000.0),
        ("48k_Drive_End_B014_1_190", "B014", "moderate", "1", 48_000.0),
        ("12k_Fan_End_IR021_0_270", "FE IR021", "severe", "0", 12_000.0),
        ("B028_3", "B028", "severe", "3", 12_000.0),
    ],
)
def test_names_tell_the_label(name, bearing_id, severity, load, rate_hz):
    label = get_label(f"{name}.mat")
    assert (label.bearing_id, label.severity, label.load, label.rate_hz) == (
        bearing_id,
        severity,
        load,
        rate_hz,
    )


@pytest.mark.parametrize("name", ["106b", "5000", "IR009_0_1", "bearing"])
def test_names_without_a_label_are_refused(name):
    with pytest.raises(UnreadableFileError, match="its name tells no label"):
        get_label(f"{name}.mat")


def write(path, *numbers, **more):
    rng = np.random.default_rng(0)
    scipy.io.savemat(
        path, {f"X{number:03d}_DE_time": rng.standard_normal((5000, 1)) + number for number in numbers} | more
    )
    return path


def test_the_set_of_the_files_own_number_is_taken(tmp_path, read_path):
    path = write(tmp_path / "normal_2_99.mat", 98, 99, X098RPM=1750.0)
    (recording,) = read_path(path)
    assert recording.samples.mean() == pytest.approx(99, abs=1)
    assert recording.rpm is None
    assert recording.findings == (
        "took X099, the file's own number; left out X098",
        "no measured rpm: the sampling rate is taken as 12,000 Hz, unchecked",
    )


def test_several_sets_without_the_files_number_are_refused(tmp_path, read_path):
    path = write(tmp_path / "IR007_0.mat", 105, 106)
    with pytest.raises(UnreadableFileError, match="X105, X106, and its name says no number"):
        read_path(path)


@pytest.mark.parametrize("rpm", [0.0, -5.0, np.nan, np.zeros((2, 2))])
def test_impossible_speed_is_refused(tmp_path, read_path, rpm):
    path = write(tmp_path / "105.mat", 105, X105RPM=rpm)
    with pytest.raises(UnreadableFileError, match="X105RPM should be one number above 0"):
        read_path(path)


def test_several_columns_are_refused(tmp_path, read_path):
    path = tmp_path / "105.mat"
    scipy.io.savemat(path, {"X105_DE_time": np.zeros((50, 2))})
    with pytest.raises(UnreadableFileError, match=r"one column of numbers, found float64 of shape \(50, 2\)"):
        read_path(path)


@pytest.mark.parametrize(
    ("name", "bearing_id", "severity", "load", "rate_hz"),
    [
        ("1797_IR_7_DE12", "IR007", "incipient", "0", 12_000.0),
        ("1772_OR@12_21_DE48", "OR021@12", "severe", "1", 48_000.0),
        ("1730_B_14_FE", "FE B014", "moderate", "3", 12_000.0),
        ("1750_Normal", "normal", "nominal", "2", 12_000.0),
    ],
)
def test_names_of_the_numpy_edition_tell_the_label(name, bearing_id, severity, load, rate_hz):
    label = get_label(f"{name}.npz")
    assert (label.bearing_id, label.severity, label.load, label.rate_hz) == (
        bearing_id,
        severity,
        load,
        rate_hz,
    )
    assert label.nominal_rpm == float(name[:4])


def test_numpy_edition_is_read_as_the_record_that_it_is(tmp_path, read_path, shared_data):
    (de, *_) = read_path(shared_data / "cwru/normal_0_97.mat")
    np.savez(tmp_path / "1797_Normal.npz", DE=de.samples[:, None])
    (recording,) = read_path(tmp_path / "1797_Normal.npz")
    assert (recording.channel, recording.fault_class, recording.load) == ("DE", "healthy", "0")
    assert (recording.rpm, recording.meta_data["nominal_rpm"], recording.rate_hz) == (None, 1797.0, 48_000.0)
    assert recording.samples.tobytes() == de.samples.tobytes()


def test_common_names_without_a_label_are_of_no_source(tmp_path, read_path):
    assert find_label("gearbox.npz") is None
    np.savez(tmp_path / "gearbox.npz", DE=np.ones(100))
    (recording,) = read_path(tmp_path / "gearbox.npz", rate_hz=100.0, fault_class="healthy")
    assert recording.meta_data["source"] == "plain"
