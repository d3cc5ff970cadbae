import h5py
import numpy as np
import pytest
import scipy.io

from core.errors import UnreadableFileError

SAMPLES = np.random.default_rng(0).standard_normal(500)
FACTS = {"rate_hz": 1000.0, "fault_class": "ball"}


@pytest.mark.parametrize("missing", ["rate_hz", "fault_class"])
def test_what_nobody_says_is_asked_for_by_option(tmp_path, read_path, missing):
    np.save(tmp_path / "run.npy", SAMPLES)
    told = {name: value for name, value in FACTS.items() if name != missing}
    option = f"--{missing.replace('_', '-')}"
    with pytest.raises(UnreadableFileError, match=f"does not say its {missing}: give it with {option},"):
        read_path(tmp_path / "run.npy", **told)


def test_all_that_is_missing_is_asked_for_at_once(tmp_path, read_path):
    np.save(tmp_path / "run.npy", SAMPLES)
    with pytest.raises(
        UnreadableFileError, match="rate_hz and fault_class: give it with --rate-hz and --fault"
    ):
        read_path(tmp_path / "run.npy")


def test_file_and_option_may_not_differ(tmp_path, read_path):
    np.savez(tmp_path / "run.npz", x=SAMPLES, rate_hz=2000.0)
    with pytest.raises(UnreadableFileError, match=r"says rate_hz 2000\.0 of x, and --rate-hz says 1000\.0"):
        read_path(tmp_path / "run.npz", **FACTS)


def test_what_stands_on_the_channel_wins_over_the_file(tmp_path, read_path):
    with h5py.File(tmp_path / "run.h5", "w") as file:
        file["x"], file["y"] = SAMPLES, SAMPLES
        file.attrs.update(rate_hz=1000, fault_class="ball", unit="g")
        file["y"].attrs.update(unit="mm/s", rate_hz=500.0)
    recordings = {r.channel: (r.rate_hz, r.unit) for r in read_path(tmp_path / "run.h5")}
    assert recordings == {"x": (1000.0, "g"), "y": (500.0, "mm/s")}


def test_matlab_variables_are_channels_and_facts(tmp_path, read_path):
    scipy.io.savemat(
        tmp_path / "run.mat", {"x": SAMPLES, "rate_hz": 100.0, "fault_class": "ball", "map": np.ones((3, 3))}
    )
    (recording,) = read_path(tmp_path / "run.mat")
    assert (recording.channel, recording.rate_hz, recording.fault_class) == ("x", 100.0, "ball")
    assert recording.findings == ("left out map: no one-dimensional numbers",)


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, np.nan, np.inf, "fast"])
def test_impossible_fact_is_named_with_its_value(tmp_path, read_path, rate_hz):
    np.savez(tmp_path / "run.npz", x=SAMPLES, rate_hz=rate_hz, fault_class="ball")
    with pytest.raises(UnreadableFileError, match="rate_hz is "):
        read_path(tmp_path / "run.npz")


def test_fact_that_is_no_single_value_is_refused(tmp_path, read_path):
    np.savez(tmp_path / "run.npz", x=SAMPLES, rate_hz=SAMPLES)
    with pytest.raises(UnreadableFileError, match="rate_hz should be one number or one text"):
        read_path(tmp_path / "run.npz", **FACTS)
