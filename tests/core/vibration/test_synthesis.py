from collections import defaultdict
from itertools import islice

import numpy as np
import pytest
from scipy.signal import hilbert

from core.specs import GenerationSpec, Recording
from core.vibration.machines import FULL_SCALE
from core.vibration.statistics import rms
from core.vibration.synthesis import count_records, generate

SPEC = GenerationSpec(dataset="demo", machines=2, loads=(0.0, 3.0), snr_db=12.0, duration_s=3.0, seed=5)


@pytest.fixture(scope="module")
def records() -> list[Recording]:
    return list(generate(SPEC))


@pytest.fixture(scope="module")
def by_class(records) -> dict[str, list[Recording]]:
    groups = defaultdict(list)
    for record in records:
        groups[record.fault_class].append(record)
    return groups


def line_to_floor(record: Recording, frequency_hz: float) -> float:
    """Return the squared envelope's line within 1 % of a frequency over the median around it."""
    x = record.samples.astype(np.float64)
    envelope = np.abs(hilbert(x - x.mean())) ** 2
    lines = np.abs(np.fft.rfft(envelope - envelope.mean()))
    centre = frequency_hz * len(x) / record.rate_hz
    near = lines[int(centre * 0.99) : int(centre * 1.01) + 2]
    return float(near.max() / np.median(lines[int(centre * 0.8) : int(centre * 1.2)]))


def defect_hz(record: Recording) -> float:
    return record.meta_data["defect_order"] * record.rpm / 60


@pytest.mark.parametrize("fault_class", ["inner_race", "outer_race", "ball"])
def test_defect_frequency_stands_in_the_envelope_spectrum(by_class, fault_class):
    for record in by_class[fault_class]:
        assert line_to_floor(record, defect_hz(record)) > 4


def test_healthy_records_have_no_defect_line(by_class):
    faulty = [record for name, group in by_class.items() if name != "healthy" for record in group]
    orders = {(record.machine_id, record.meta_data["defect_order"]) for record in faulty}
    ratios = [
        line_to_floor(record, order * record.rpm / 60)
        for record in by_class["healthy"]
        for machine_id, order in orders
        if machine_id == record.machine_id
    ]
    assert np.mean(ratios) < 2.5
    assert max(ratios) < 4


def test_inner_race_has_sidebands_at_the_shaft_and_a_fixed_outer_race_none(by_class):
    def sidebands(record):
        shaft_hz = record.rpm / 60
        return [line_to_floor(record, defect_hz(record) + k * shaft_hz) for k in (-1, 1)]

    assert min(min(sidebands(record)) for record in by_class["inner_race"]) > 3.5
    assert np.mean([sidebands(record) for record in by_class["outer_race"]]) < 2.5


def test_ball_has_sidebands_at_the_cage(by_class):
    for record in by_class["ball"]:
        if record.severity == "severe":
            machine = record.meta_data["machine"]
            cage = (1 - machine["element_diameter_mm"] / machine["pitch_diameter_mm"]) / 2
            assert line_to_floor(record, defect_hz(record) + cage * record.rpm / 60) > 4


def test_worse_bearings_shake_more(by_class):
    for fault_class in ("inner_race", "outer_race", "ball"):
        level = defaultdict(list)
        for record in by_class[fault_class]:
            level[record.machine_id, record.severity].append(float(rms(record.samples)))
        for machine_id in ("M1", "M2"):
            means = [np.mean(level[machine_id, s]) for s in SPEC.severities]
            assert means == sorted(means)


def test_sensor_noise_is_the_same_in_every_class_however_strong_the_signal():
    noisy, quiet = (
        generate(SPEC.model_copy(update={"snr_db": snr_db, "duration_s": 1.0})) for snr_db in (6.0, 200.0)
    )
    noises, levels = [], []
    for record, clean in zip(noisy, quiet, strict=True):
        noises.append(float(rms(record.samples - clean.samples)))
        levels.append(float(rms(clean.samples)))
    assert max(levels) > 4 * min(levels)
    np.testing.assert_allclose(noises, np.mean(noises), rtol=0.03)


def test_snr_is_that_of_a_severity_1_outer_race_against_the_noise():
    spec = SPEC.model_copy(
        update={"classes": ("outer_race",), "severities": ("severe",), "snr_db": 100.0, "loads": (0.0,)}
    )
    for record in generate(spec):
        machine = record.meta_data["machine"]
        expected = record.meta_data["severity_value"] * machine["sensor_gain"]
        assert rms(record.samples) == pytest.approx(expected, rel=0.2)
        assert record.meta_data["noise_rms"] == pytest.approx(1e-5)


def test_speed_falls_with_load_and_is_measured(records):
    rpm = {load: [r.rpm for r in records if r.load == load] for load in ("0", "3")}
    assert np.mean(rpm["0"]) == pytest.approx(60 * 29.0, rel=1e-3)
    assert np.mean(rpm["3"]) == pytest.approx(60 * 29.0 * 1730 / 1797, rel=1e-3)
    assert len(set(rpm["0"])) == len(rpm["0"])


def test_same_spec_gives_the_same_bytes_and_another_seed_others(records):
    for first, again in zip(records, generate(SPEC), strict=True):
        assert first.samples.tobytes() == again.samples.tobytes()
        assert first.meta_data == again.meta_data
    other = next(generate(SPEC.model_copy(update={"seed": 6})))
    assert other.samples.tobytes() != records[0].samples.tobytes()


def test_more_machines_leave_the_earlier_records_as_they_were(records):
    wider = generate(SPEC.model_copy(update={"machines": 3}))
    for first, again in zip(records, islice(wider, len(records)), strict=True):
        assert first.record == again.record
        assert first.samples.tobytes() == again.samples.tobytes()


def test_records_are_named_once_counted_and_of_one_specimen_a_condition(records):
    assert len(records) == count_records(SPEC) == len({record.record for record in records})
    specimens = defaultdict(set)
    for record in records:
        specimens[record.bearing_id].add((record.machine_id, record.fault_class, record.severity))
    assert all(len(conditions) == 1 for conditions in specimens.values())
    assert len(specimens) == 2 * (1 + 3 * len(SPEC.severities))


def test_samples_are_16_bit_steps_of_the_length_asked_for(records):
    for record in records[:5]:
        assert record.samples.dtype == np.float32
        assert len(record.samples) == 36_000
        steps = record.samples / (FULL_SCALE / 2**15)
        np.testing.assert_array_equal(steps, np.rint(steps))
