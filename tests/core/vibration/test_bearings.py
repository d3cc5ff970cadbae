import pytest

from core.vibration.bearings import SKF_6205_2RS, BearingGeometry, defect_orders


def test_skf_6205_shows_the_published_orders():
    orders = defect_orders(SKF_6205_2RS)
    assert orders.bpfo == pytest.approx(3.5848, abs=5e-5)
    assert orders.bpfi == pytest.approx(5.4152, abs=5e-5)
    assert orders.ftf == pytest.approx(0.39828, abs=5e-5)  # published 3e-5 below BPFO / 9
    assert orders.bsf2 == pytest.approx(4.7135, abs=2e-4)


def test_races_share_the_elements_passing():
    orders = defect_orders(BearingGeometry(8, 6.0, 28.0, contact_angle_deg=15))
    assert orders.bpfo + orders.bpfi == pytest.approx(8)
    assert orders.bpfo == pytest.approx(8 * orders.ftf)


@pytest.mark.parametrize("geometry", [(2, 1.0, 5.0), (9, 5.0, 5.0), (9, 0.0, 5.0)])
def test_impossible_geometry_is_refused(geometry):
    with pytest.raises(ValueError, match="are no bearing"):
        BearingGeometry(*geometry)
