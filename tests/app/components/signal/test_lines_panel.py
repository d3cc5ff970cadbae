from typing import Any

import numpy as np
import pytest
from bokeh.events import DoubleTap, Tap

from app.components.signal.lines_panel import LinesPanel
from app.plots.lines import Axis, Mark
from tests.app.components.signal.conftest import make_lines

HZ, CPM = Axis("frequency (Hz)", "Hz"), Axis("frequency (CPM)", "CPM", 60.0)


@pytest.fixture
def panel() -> LinesPanel:
    """A panel with one curve shown."""
    made = LinesPanel("Spectrum", "spectrum", colors=["#111111"], axis=HZ)
    made.show([make_lines()])
    return made


def columns(panel: LinesPanel, curve: int = 0) -> dict[str, Any]:
    drawn = [r for r in panel.figure.renderers if "y" in r.data_source.data]
    return drawn[curve].data_source.data


def words(panel: LinesPanel) -> list[str]:
    (drawn,) = [r.data_source.data["words"] for r in panel.figure.renderers if hasattr(r.glyph, "text")]
    return list(drawn)


def told(panel: LinesPanel) -> str:
    return " ".join(
        pane.object for pane in panel._body.select(lambda p: isinstance(getattr(p, "object", None), str))
    )


def test_place_is_kept_before_there_is_anything_to_show() -> None:
    panel = LinesPanel("Spectrum", "spectrum", colors=["#111111"], axis=HZ)
    assert panel.figure is None
    assert panel._body[0].height > 100


def test_figure_holds_what_is_seen_at_its_width_and_says_how(panel: LinesPanel) -> None:
    seen = make_lines().view(0, 6000, 1200)
    np.testing.assert_array_equal(columns(panel)["x"], seen.position)
    np.testing.assert_array_equal(columns(panel)["y"], seen.amplitude)
    assert panel.caption == "0–1 s · Hann · each pixel shows the largest of 6 lines"


def test_zoom_brings_every_line_and_is_kept_as_the_range(panel: LinesPanel) -> None:
    panel.figure.x_range.update(start=900.0, end=1100.0)
    np.testing.assert_array_equal(columns(panel)["x"], np.arange(899, 1101))
    assert panel.range == (900.0, 1100.0)
    assert panel.caption.endswith("every line")


def test_double_tap_shows_the_whole(panel: LinesPanel) -> None:
    panel.figure.x_range.update(start=900.0, end=1100.0)
    panel.figure._trigger_event(DoubleTap(panel.figure))
    assert (panel.figure.x_range.start, panel.figure.x_range.end) == (0.0, 6000.0)


def test_range_that_a_link_says_moves_the_figure(panel: LinesPanel) -> None:
    panel.range = (10.0, 20.0)
    assert (panel.figure.x_range.start, panel.figure.x_range.end) == (10.0, 20.0)
    panel.range = None
    assert (panel.figure.x_range.start, panel.figure.x_range.end) == (0.0, 6000.0)


def test_other_axis_rescales_positions_and_keeps_what_is_in_view(panel: LinesPanel) -> None:
    panel.range = (900.0, 1100.0)
    panel.axis = CPM
    np.testing.assert_allclose(columns(panel)["x"], 60.0 * np.arange(899, 1101))
    assert (panel.figure.x_range.start, panel.figure.x_range.end) == (54_000.0, 66_000.0)
    assert panel.figure.xaxis.axis_label == "frequency (CPM)"
    assert panel.range == (900.0, 1100.0)


def test_log_scale_keeps_lines_and_range(panel: LinesPanel) -> None:
    panel.range = (900.0, 1100.0)
    panel.scale = "log"
    assert panel.figure.yaxis.axis_label == "amplitude (g), log"
    assert (panel.figure.x_range.start, panel.figure.x_range.end) == (900.0, 1100.0)
    assert columns(panel)["y"].max() == 2.0


def test_figure_stays_and_the_axis_names_the_unit_of_what_is_shown(panel: LinesPanel) -> None:
    before = panel.figure
    panel.show([make_lines(unit="mm/s rms")])
    assert panel.figure is before
    assert panel.figure.yaxis.axis_label == "amplitude (mm/s rms)"
    panel.show([make_lines(unit=None)])
    assert panel.figure.yaxis.axis_label == "amplitude (unit not stated)"


def test_amplitudes_fit_what_is_shown(panel: LinesPanel) -> None:
    louder = make_lines()
    louder.amplitude[3000] = 50.0
    panel.show([louder])
    assert panel.figure.y_range.end > 50.0


def test_lines_that_end_elsewhere_have_bounds_of_their_own(panel: LinesPanel) -> None:
    panel.show([make_lines(2001)])
    assert panel.figure.x_range.bounds == (0.0, 2000.0)
    assert (panel.figure.x_range.start, panel.figure.x_range.end) == (0.0, 2000.0)
    assert panel.figure.x_range.reset_end == 2000.0


def test_opens_with_what_is_asked_and_never_beyond_the_end() -> None:
    panel = LinesPanel("Envelope", "envelope", colors=["#111111"], axis=HZ, opens_with=lambda _: 500.0)
    panel.show([make_lines()])
    assert (panel.figure.x_range.start, panel.figure.x_range.end) == (0.0, 500.0)
    panel.show([make_lines(301, peak_hz=100)])
    assert panel.figure.x_range.end == 300.0


def test_failure_is_told_in_place_and_the_figure_comes_back(panel: LinesPanel) -> None:
    panel.fail("No spectrum: <b>nothing</b> varies.")
    assert panel.figure is None
    assert panel.lines == []
    assert "&lt;b&gt;nothing" in told(panel)
    panel.show([make_lines()])
    assert panel.figure is not None
    assert columns(panel)["y"].max() == 2.0


def test_choice_made_while_there_is_nothing_to_show_holds_afterwards(panel: LinesPanel) -> None:
    panel.fail("No spectrum.")
    panel.param.update(scale="log", axis=CPM, marks=[Mark(1000.0, "1X", "#111111")], range=(500.0, 1500.0))
    panel.show([make_lines()])
    assert panel.figure.yaxis.axis_label.endswith("log")
    assert panel.figure.xaxis.axis_label == "frequency (CPM)"
    assert (panel.figure.x_range.start, panel.figure.x_range.end) == (30_000.0, 90_000.0)
    assert words(panel) == ["1X"]


def test_marks_in_view_are_drawn_and_taken_away(panel: LinesPanel) -> None:
    panel.marks = [Mark(1000.0, "1X", "#111111"), Mark(5000.0, "5X", "#111111")]
    assert words(panel) == ["1X", "5X"]
    panel.figure.x_range.update(start=900.0, end=1100.0)
    assert words(panel) == ["1X"]
    panel.marks = []
    assert words(panel) == []


def test_records_beside_are_curves_of_their_own() -> None:
    panel = LinesPanel("Spectrum", "spectrum", colors=["#111111", "#222222"], axis=HZ)
    panel.show([make_lines(), make_lines(peak_hz=3000.0)])
    tops = [columns(panel, n)["x"][columns(panel, n)["y"].argmax()] for n in (0, 1)]
    assert tops == [1000.0, 3000.0]


def test_tap_tells_its_position_whatever_the_axis_shows() -> None:
    tapped: list[float] = []
    panel = LinesPanel("Spectrum", "spectrum", colors=["#111111"], axis=CPM, on_tap=tapped.append)
    panel.show([make_lines()])
    panel.figure._trigger_event(Tap(panel.figure, x=60_000.0, y=1.0))
    assert tapped == [1000.0]


def test_reach_of_a_tap_narrows_with_the_view(panel: LinesPanel) -> None:
    whole = panel.reach
    panel.figure.x_range.update(start=0.0, end=60.0)
    assert panel.reach == pytest.approx(whole / 100)


def test_second_gesture_within_the_first_range_counts(panel: LinesPanel) -> None:
    for window in ((900.0, 1100.0), (950.0, 1050.0), (0.0, 6000.0)):
        panel.figure.x_range.update(start=window[0], end=window[1])
        assert panel.range == window
