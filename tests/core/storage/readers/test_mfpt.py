import numpy as np
import pytest
import scipy.io

from core.errors import UnreadableFileError
from core.storage import readers
from core.storage.readers import mfpt


def test_4_files_hold_4_channels_at_the_rate_they_state(shared_data, read_path):
    recordings = [r for path in readers.find_files([shared_data / "mfpt"]) for r in read_path(path)]
    assert [(r.record, r.fault_class, r.load) for r in recordings] == [
        ("InnerRaceFault_vload_1", "inner_race", "0"),
        ("InnerRaceFault_vload_4", "inner_race", "150"),
        ("OuterRaceFault_vload_1", "outer_race", "25"),
        ("OuterRaceFault_vload_4", "outer_race", "150"),
    ]
    for recording in recordings:
        assert (recording.rate_hz, recording.rpm, recording.unit) == (48_828.0, 1500.0, None)
        assert len(recording.samples) == 146_484
        assert recording.findings == ()
        assert recording.meta_data["stated_defect_hz"]["BPFI"] == 118.875


def write(path, **changes):
    fields = {
        "sr": 48_828.0,
        "gs": np.random.default_rng(0).standard_normal((9000, 1)),
        "load": 270.0,
        "rate": 25.0,
    }
    kept = {name: value for name, value in (fields | changes).items() if value is not None}
    scipy.io.savemat(path, {"bearing": kept})
    return path


def test_load_may_be_a_number(tmp_path, read_path):
    (recording,) = read_path(write(tmp_path / "baseline_1.mat"))
    assert (recording.fault_class, recording.severity, recording.load) == ("healthy", "nominal", "270")


def test_missing_field_is_named(tmp_path, read_path):
    with pytest.raises(
        UnreadableFileError, match=r"one struct with sr, gs, load, rate, found .* with sr, load, rate"
    ):
        read_path(write(tmp_path / "baseline_1.mat", gs=None))


def test_struct_of_something_else_is_refused(tmp_path, read_path):
    with pytest.raises(UnreadableFileError, match=r"bearing\.gs should be one column of numbers"):
        read_path(write(tmp_path / "baseline_1.mat", gs=np.array(["a", 1], dtype=object)))


@pytest.mark.parametrize("name", ["x", "InnerRace_OuterRace"])
def test_name_without_one_label_is_refused(name):
    with pytest.raises(UnreadableFileError, match="its name tells"):
        mfpt.fault_class_of(f"{name}.mat")
