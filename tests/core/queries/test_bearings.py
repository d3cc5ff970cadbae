from types import SimpleNamespace

import pytest

from core.queries.bearings import find_orders
from core.vibration.bearings import SKF_6205_2RS, BearingGeometry, defect_orders


def mounted(model=None, rpm=None, **meta_data):
    return SimpleNamespace(bearing_model=model, rpm=rpm, meta_data=meta_data)


def test_catalogue_tells_the_orders_of_a_named_bearing():
    found = find_orders(mounted("SKF 6205-2RS"))
    assert found.orders == defect_orders(SKF_6205_2RS)
    assert found.source.startswith("SKF 6205-2RS")


def test_generated_machine_wins_over_the_name():
    machine = {"num_elements": 11, "element_diameter_mm": 7.0, "pitch_diameter_mm": 40.0}
    found = find_orders(mounted("SKF 6205-2RS", machine=machine))
    assert found.orders == defect_orders(BearingGeometry(11, 7.0, 40.0))


def test_stated_frequencies_are_divided_by_the_shafts_and_the_balls_is_doubled():
    stated = {"FTF": 14.8375, "BPFO": 81.125, "BPFI": 118.875, "BSF": 63.91}
    orders = find_orders(mounted(rpm=1500.0, stated_defect_hz=stated)).orders
    assert (orders.ftf, orders.bpfo, orders.bpfi) == pytest.approx((0.5935, 3.245, 4.755))
    assert orders.bsf2 == pytest.approx(2 * 63.91 / 25)


@pytest.mark.parametrize(
    "signal",
    [
        mounted(),
        mounted("nobody's 1"),
        mounted(rpm=1500.0, stated_defect_hz={"BPFO": 81.125}),
        mounted(rpm=None, stated_defect_hz={"FTF": 1.0, "BPFO": 2.0, "BPFI": 3.0, "BSF": 4.0}),
    ],
)
def test_what_states_too_little_has_no_orders(signal):
    assert find_orders(signal) is None


GEOMETRY = ("num_elements", "element_diameter_mm", "pitch_diameter_mm")
FREQUENCIES = ("FTF", "BPFO", "BPFI", "BSF")


@pytest.mark.parametrize("value", [0, -1, None, "9", 1e300, 10**400, float("nan"), float("inf"), [1], 1e-300])
def test_malformed_numbers_are_passed_over_for_the_catalogue(value):
    machine, stated = dict.fromkeys(GEOMETRY, value), dict.fromkeys(FREQUENCIES, value)
    found = find_orders(mounted("SKF 6205-2RS", 1797.0, machine=machine, stated_defect_hz=stated))
    assert found.orders == defect_orders(SKF_6205_2RS)


@pytest.mark.parametrize("block", [3, 4.5, [*GEOMETRY, *FREQUENCIES], "machine", True])
def test_what_is_no_table_of_numbers_states_nothing(block):
    assert find_orders(mounted(rpm=1797.0, machine=block, stated_defect_hz=block)) is None
