import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.analyses.defects import OVERLAYS, list_defect_lines, view_combs
from core.queries.analyses.mountings import Mounting, find_mounting
from core.vibration.bearing_catalogue import find_bearing
from core.vibration.combs import STANDS_OUT_DB

PLANTED = {"inner_race": "bpfi", "outer_race": "bpfo"}
BEARING = find_bearing("6205-2RS")


@pytest.mark.parametrize("fault_class", PLANTED)
def test_comb_names_the_planted_defect(made, fault_class):
    stretch = made(fault_class)
    found = view_combs(stretch, find_mounting(stretch.signal))
    assert found.best.kind == PLANTED[fault_class]
    assert found.best.order == pytest.approx(stretch.signal.meta_data["defect_order"])
    assert found.best.frequency_hz == pytest.approx(stretch.signal.meta_data["defect_hz"], rel=0.02)
    assert found.words() == found.best.describe()
    assert [score.kind for score in found.scores] == ["bpfo", "bpfi", "bsf2", "ftf"]


def test_ball_defect_shows_at_twice_its_spin_and_at_the_cage_and_at_no_race(made):
    stretch = made("ball")
    scores = {score.kind: score for score in view_combs(stretch, find_mounting(stretch.signal)).scores}
    heard = {kind for kind, score in scores.items() if score.snr_db >= STANDS_OUT_DB}
    assert heard == {"bsf2", "ftf"}
    assert scores["bsf2"].order == pytest.approx(stretch.signal.meta_data["defect_order"])


def test_no_comb_stands_out_of_noise_nor_of_a_sound_bearing(made, whole):
    sound = made("healthy")
    noise = whole(np.random.default_rng(4).standard_normal(48_000), bearing_model="6205-2RS", rpm=1797.0)
    for stretch in (sound, noise):
        found = view_combs(stretch, find_mounting(stretch.signal))
        assert found.best is None
        assert found.words() == "no defect comb stands out"


def test_lines_stand_at_multiples_of_orders_and_speed():
    mounting = Mounting(1800.0, BEARING.orders, BEARING.name)
    lines = list_defect_lines(mounting, ["shaft", "bpfi"], 3)
    assert [(line.kind, line.harmonic) for line in lines] == [
        ("shaft", 1), ("shaft", 2), ("shaft", 3), ("bpfi", 1), ("bpfi", 2), ("bpfi", 3),
    ]  # fmt: skip
    assert [line.frequency_hz for line in lines[:3]] == [30.0, 60.0, 90.0]
    assert lines[4].order == pytest.approx(2 * BEARING.orders.bpfi)
    assert lines[4].frequency_hz == pytest.approx(60 * BEARING.orders.bpfi)
    assert lines[4].title == "BPFI"


def test_what_is_not_known_is_not_marked():
    kinds = list(OVERLAYS)
    assert list_defect_lines(Mounting(None, BEARING.orders, ""), kinds, 3) == []
    assert {line.kind for line in list_defect_lines(Mounting(1800.0, None, ""), kinds, 3)} == {"shaft"}


def test_combs_without_speed_or_bearing_say_what_to_enter(made):
    stretch = made("healthy", duration_s=1.0)
    with pytest.raises(InvalidInputError, match=r"no shaft speed: state one in the field Speed"):
        view_combs(stretch, Mounting(None, BEARING.orders, ""))
    with pytest.raises(InvalidInputError, match=r"geometry is known: choose one in the field Bearing"):
        view_combs(stretch, Mounting(1800.0, None, ""))
