from dataclasses import replace

import numpy as np
import pytest

from core.jobs.feature_batches import Item, Readings
from core.jobs.feature_quality import QualityCheck
from core.queries.dataset_quality import CHECKS, tell_finding

SOUND = Item(
    id=1,
    signal_id="a/DE",
    record="a",
    channel="DE",
    fault_class="ball",
    severity="mild",
    load="0",
    rpm=1797.0,
    unit="g",
    bearing_id="B1",
    machine_id="M1",
    rate_hz=12_000.0,
    num_samples=50_000,
    path="",
    checksum="1",
    orders=None,
)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def item(number, **changes):
    return replace(SOUND, id=number, signal_id=f"{number}/DE", checksum=str(number), **changes)


def look(items, samples, unreadable=()):
    check = QualityCheck()
    read = tuple(item for item in items if item.id not in dict(unreadable))
    check.look(Readings(read, np.asarray(samples, dtype=np.float32), dict(unreadable)))
    told = check.tell(items)
    assert told["checked"] == len(items)
    return {finding["kind"]: finding for finding in told["findings"]}


def test_sound_recordings_have_no_finding(rng):
    assert look([item(n) for n in range(4)], rng.standard_normal((4, 50_000))) == {}


def test_each_fault_of_a_recording_is_found_in_that_recording(rng):
    samples = rng.standard_normal((6, 50_000))
    samples[1] = np.clip(samples[1], -1.5, 1.5)
    samples[2] += 3
    samples[3] *= 0.001
    samples[4] = 0.25
    samples[5, 9_001:39_001] = samples[0, 12_345:42_345]
    found = look([item(n) for n in range(6)], samples)
    named = {kind: [each[0] for each in finding["signals"]] for kind, finding in found.items()}
    assert named == {"clipping": [1], "offset": [2], "dead": [3, 4], "stretch": [5]}
    assert "of 0/DE" in tell_finding(found["stretch"])


def test_copies_other_rates_and_what_is_not_stated_are_found(rng):
    items = [
        item(1), item(2), replace(item(3), checksum="1"), item(4, rate_hz=48_000.0, rpm=None),
        item(5, unit=None, bearing_id=None),
    ]  # fmt: skip
    samples = rng.standard_normal((5, 50_000))
    samples[2] = samples[0]
    found = look(items, samples)
    named = {kind: [each[0] for each in finding["signals"]] for kind, finding in found.items()}
    assert named == {"copy": [3], "rate": [4], "no_rpm": [4], "no_unit": [5], "no_bearing_id": [5]}


def test_all_are_counted_and_the_worst_named_first(rng):
    samples = rng.standard_normal((80, 5_000)) + np.arange(1, 81)[:, None]
    found = look([item(n) for n in range(80)], samples)["offset"]
    assert (found["count"], len(found["signals"]), found["signals"][0][0]) == (80, 50, 79)


def test_what_could_not_be_read_is_named_and_the_rest_is_checked(rng):
    found = look([item(n) for n in range(3)], 3 + rng.standard_normal((2, 5_000)), {1: "not on disk"})
    assert {kind: each["count"] for kind, each in found.items()} == {"unreadable": 1, "offset": 2}
    assert tell_finding(found["unreadable"]) == "Unreadable, 1 signal; 1/DE: not on disk"


def test_every_check_says_what_it_means():
    assert set(CHECKS) == {
        "unreadable", "clipping", "offset", "dead", "copy", "stretch", "rate",
        "no_rpm", "no_unit", "no_bearing_id",
    }  # fmt: skip
