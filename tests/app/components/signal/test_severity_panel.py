from types import SimpleNamespace

import panel as pn
import pytest

from app.components.signal.severity_panel import SeverityPanel


def shown(zone: str = "B") -> SimpleNamespace:
    return SimpleNamespace(
        velocity_mm_s=2.0, zone=zone, meaning="acceptable", limits=(1.12, 2.8, 7.1), words="0–1 s"
    )


def html(panel: SeverityPanel) -> str:
    return " ".join(
        p.object for p in panel._body.select(lambda p: isinstance(getattr(p, "object", None), str))
    )


@pytest.fixture
def panel() -> SeverityPanel:
    made = SeverityPanel("Severity zone", controls=pn.Spacer())
    made.show(shown())
    return made


def test_velocity_zone_and_meaning_are_words(panel: SeverityPanel) -> None:
    assert "2 mm/s RMS, 10–1,000 Hz · zone B: acceptable" in html(panel)
    assert panel.caption == "0–1 s"


def test_zones_say_their_limits_and_one_is_where_it_stands(panel: SeverityPanel) -> None:
    for words in ("up to 1.12 mm/s", "to 2.8 mm/s", "to 7.1 mm/s", "above 7.1 mm/s"):
        assert words in html(panel)
    assert html(panel).count(" here") == 1
    assert 'class="zone B here"' in html(panel)
    panel.show(shown("D"))
    assert 'class="zone D here"' in html(panel)


def test_failure_is_told_in_place(panel: SeverityPanel) -> None:
    panel.fail("No severity zone: <b>unit</b> unknown.")
    assert "&lt;b&gt;unit" in html(panel)
    assert (panel.shown, panel.caption) == (None, "")
