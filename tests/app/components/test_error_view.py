"""What the log is told of an error."""

import panel as pn
import pytest
from panel_material_ui.notifications import NotificationArea
from structlog.testing import capture_logs

from app.components.error_view import OUTAGE_QUIET_S, report_error, tell_error
from core.errors import DatabaseUnavailableError, NotFoundError


def test_outage_is_one_line_a_minute_without_a_trace_and_keeps_its_id() -> None:
    away = DatabaseUnavailableError("the database does not answer; test of one line")
    with capture_logs() as lines:
        ids = [report_error(away, "callback", lambda now=now: now) for now in (0.0, 2.0, OUTAGE_QUIET_S - 1)]
        later = report_error(away, "callback", lambda: OUTAGE_QUIET_S)
    assert [line["error_id"] for line in lines] == [ids[0], later]
    assert len(set(ids)) == 1
    assert all(line["event"] == "database_away" and "exc_info" not in line for line in lines)


def test_any_other_error_is_logged_each_time_with_its_trace() -> None:
    with capture_logs() as lines:
        ids = {report_error(NotFoundError("no gear 3"), "callback") for _ in range(2)}
    assert len(ids) == len(lines) == 2
    assert all(isinstance(line["exc_info"], NotFoundError) for line in lines)


def test_error_that_an_open_note_tells_is_not_told_again_until_the_note_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    area = NotificationArea()
    monkeypatch.setattr(type(pn.state), "notifications", area)
    away = DatabaseUnavailableError("the database does not answer; test of <one> note")
    for _ in range(3):
        tell_error(away, "callback")
    tell_error(NotFoundError("no gear 3"), "callback")
    assert [note.message.partition(". Id to quote: ")[0] for note in area.notifications] == [
        "the database does not answer; test of <one> note",
        "no gear 3",
    ]
    area._handle_msg({"type": "destroy", "uuid": area.notifications[0]._uuid})
    tell_error(away, "callback")
    assert len(area.notifications) == 2
