from types import SimpleNamespace

import numpy as np
import pytest
from bokeh.models import RangeTool

from app.components.signal.kurtogram_panel import KurtogramPanel

Told = list[tuple[float, float]]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def panel(told: Told) -> KurtogramPanel:
    """A kurtogram with the band 2-4 kHz marked."""
    made = KurtogramPanel("Kurtogram", "kurtogram", on_band=told.append)
    made.mark((2000.0, 4000.0))
    made.show(
        SimpleNamespace(
            words="0–1 s",
            is_log=False,
            picture=np.ones((2, 6)),
            extent=(0.0, 6000.0, 0.0, 2.0),
            limits=(0.0, 1.0),
            labels=("frequency (Hz)", "width of the bands (Hz)", "spectral kurtosis"),
            row_names=["6,000", "3,000"],
        )
    )
    return made


def band_of(panel: KurtogramPanel) -> object:
    (tool,) = panel.figure.select(RangeTool)
    return tool.x_range


def test_band_of_the_envelope_is_marked_and_nobody_is_told(panel: KurtogramPanel, told: Told) -> None:
    assert (band_of(panel).start, band_of(panel).end) == (2000.0, 4000.0)
    panel.mark((1000.0, 1500.0))
    assert (band_of(panel).start, band_of(panel).end) == (1000.0, 1500.0)
    assert told == []


def test_band_that_a_person_moves_is_told(panel: KurtogramPanel, told: Told) -> None:
    band_of(panel).update(start=2500.04, end=4500.0)
    assert told[-1] == (2500.0, 4500.0)


def test_band_cannot_leave_the_spectrum(panel: KurtogramPanel) -> None:
    assert band_of(panel).bounds == (0.0, 6000.0)


def test_rows_are_named_by_width(panel: KurtogramPanel) -> None:
    assert set(panel.figure.yaxis.major_label_overrides.values()) == {"6,000", "3,000"}


def test_band_too_little_moved_to_matter_is_not_told(panel: KurtogramPanel, told: Told) -> None:
    band_of(panel).update(start=2000.2, end=4000.2)
    assert told == []
