import pytest

from app.components.empty_state import empty_state
from app.components.error_view import error_view
from app.components.progress import progress
from app.components.safe_text import markdown, plain, text
from app.components.stat import stat
from app.components.state_badge import state_badge
from core.errors import NotFoundError

PAYLOAD = '<img src=x onerror="alert(1)">'


@pytest.mark.parametrize(
    "shown",
    [
        text(PAYLOAD),
        stat(PAYLOAD, PAYLOAD, unit=PAYLOAD),
        state_badge(PAYLOAD),
        progress(0.5, PAYLOAD, PAYLOAD),
        markdown(PAYLOAD),
        markdown(f"[x](javascript:alert(1)) {PAYLOAD}"),
        empty_state(PAYLOAD, PAYLOAD, command=PAYLOAD)[0],
        error_view(NotFoundError(PAYLOAD), PAYLOAD),
    ],
)
def test_text_that_people_wrote_never_becomes_live_markup(shown: object) -> None:
    assert "<img" not in shown.object
    assert 'href="javascript' not in shown.object


def test_text_for_widgets_is_escaped() -> None:
    assert "<" not in plain(PAYLOAD)


def test_markdown_keeps_its_form() -> None:
    assert "<strong>worn</strong>" in markdown("**worn**").object


def test_error_that_was_not_foreseen_tells_its_kind_and_no_content() -> None:
    shown = error_view(ValueError("password=hunter2"), "Showing Signals").object
    assert "ValueError" in shown
    assert "hunter2" not in shown
