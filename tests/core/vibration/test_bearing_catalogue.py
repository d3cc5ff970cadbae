from dataclasses import astuple

import pytest

from core.storage.readers.cwru import BEARING_MODELS
from core.vibration.bearing_catalogue import CATALOGUE, find_bearing
from core.vibration.bearings import defect_orders


@pytest.mark.parametrize("bearing", CATALOGUE, ids=lambda bearing: bearing.name)
def test_computed_orders_are_the_published_ones(bearing):
    assert bearing.geometry or bearing.published
    if bearing.geometry and bearing.published:
        assert astuple(defect_orders(bearing.geometry)) == pytest.approx(astuple(bearing.published), abs=1e-3)
    # What holds for every bearing whose outer race is fixed: g is the same in all four orders.
    ftf, bpfo, bpfi, bsf2 = astuple(bearing.orders)
    count = round(bpfo + bpfi)
    assert bpfo + bpfi == pytest.approx(count, abs=2e-3)
    assert bpfo == pytest.approx(count * ftf, abs=4e-3)
    assert bsf2 > 1
    assert bearing.source
    assert bearing.datasets


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("SKF 6205-2RS", "SKF 6205-2RS"),
        ("skf6205 2rs", "SKF 6205-2RS"),
        ("6205-2RS SKF", "SKF 6205-2RS"),
        ("6205", "SKF 6205-2RS"),
        ("za2115", "Rexnord ZA-2115"),
        ("uer 204", "LDK UER204"),
        ("ER16K", "MB ER-16K"),
        ("IBU 6203", "IBU 6203"),
        ("nsk 6203zz", "NSK 6203ZZ"),
    ],
)
def test_bearing_is_found_however_its_name_is_written(asked, found):
    assert find_bearing(asked).name == found


@pytest.mark.parametrize("asked", ["", "62", "6312", "ball bearing", "SKF"])
def test_what_names_no_bearing_or_many_finds_none(asked):
    assert find_bearing(asked) is None


def test_shortened_name_is_refused_where_the_makers_differ():
    # Four bearings are called 6203; the pitch circles of FAG and IBU differ by half a millimetre.
    assert find_bearing("6203") is None


def test_every_bearing_that_a_reader_names_is_in_the_catalogue():
    assert all(find_bearing(model) for model in BEARING_MODELS.values())
