import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.analyses.mountings import find_mounting, list_bearings
from core.vibration.bearing_catalogue import find_bearing
from tests.core.queries.analyses.conftest import sine


def test_record_states_its_speed_and_bearing(store):
    mounting = find_mounting(store(sine(100), rpm=1797.0, bearing_model="6205-2RS"))
    assert mounting.shaft_hz == pytest.approx(29.95)
    assert mounting.orders == find_bearing("6205-2RS").orders
    assert "6205-2RS" in mounting.bearing


def test_generated_record_goes_by_the_geometry_of_its_machine(made):
    row = made("inner_race", duration_s=0.5).signal
    mounting = find_mounting(row)
    assert mounting.orders.bpfi == pytest.approx(row.meta_data["defect_order"])
    assert mounting.rpm == row.rpm


def test_what_a_person_states_stands_instead_of_the_records_own(store):
    row = store(sine(100), rpm=1797.0, bearing_model="6205-2RS")
    mounting = find_mounting(row, 900.0, "6203-2RS")
    assert mounting.shaft_hz == 15.0
    assert mounting.orders == find_bearing("6203-2RS").orders
    assert find_mounting(row, None, "").orders == find_bearing("6205-2RS").orders


def test_what_neither_states_is_told_with_the_field_to_fill(store):
    mounting = find_mounting(store(sine(100)))
    with pytest.raises(InvalidInputError, match=r"state one in the field Speed \(rpm\)"):
        mounting.shaft_hz  # noqa: B018 - reading it is what is refused
    with pytest.raises(InvalidInputError, match=r"choose one in the field Bearing"):
        mounting.defect_orders  # noqa: B018 - as above


def test_unknown_bearing_is_refused_and_points_at_the_list(store):
    with pytest.raises(InvalidInputError, match=r"'wood' is not in the catalogue: choose one of the list"):
        find_mounting(store(sine(100)), bearing="wood")


def test_every_bearing_of_the_list_can_be_chosen(store):
    row = store(sine(100))
    names = list_bearings()
    assert names == sorted(names)
    orders = [find_mounting(row, 1800.0, name).orders for name in names]
    assert all(np.isfinite(each.bpfi) and each.bpfi > 1 for each in orders)


@pytest.mark.parametrize("rpm", [0.0, -1500.0, np.nan, np.inf])
def test_what_is_no_speed_is_refused(store, rpm):
    with pytest.raises(InvalidInputError, match=r"is no speed, which is above 0; state revolutions"):
        find_mounting(store(sine(100)), rpm)
