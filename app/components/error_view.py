"""What a person sees when something went wrong, and the line in the log that belongs to it."""

import secrets
import time
from collections.abc import Callable
from html import escape

import panel as pn
import structlog

from app.components.safe_text import markup
from app.theme import MONO, css_variable
from core.errors import BrinellError, DatabaseUnavailableError

logger = structlog.get_logger(__name__)

OUTAGE_QUIET_S = 60.0

_STYLE = f"""
.error {{ border: 1px solid {css_variable("failed")}; border-radius: 8px;
  padding: 16px 20px; max-width: 720px; }}
.what {{ font-size: 16px; font-weight: 600; margin-bottom: 4px; }}
.next {{ color: {css_variable("muted")}; margin-top: 8px; }}
code {{ font-family: {MONO}; user-select: all; }}
"""


_told_outages: dict[str, tuple[str, float]] = {}  # reason: id and moment of the last line


def report_error(error: Exception, doing: str, now: Callable[[], float] = time.monotonic) -> str:
    """Log the error with its trace and return the id to quote; of an outage one line a minute."""
    if isinstance(error, DatabaseUnavailableError):
        return _report_outage(error, doing, now())
    error_id = secrets.token_hex(4)
    logger.error("page_error", error_id=error_id, doing=doing, exc_info=error)
    return error_id


def _report_outage(error: DatabaseUnavailableError, doing: str, now: float) -> str:
    """Every open page meets an outage at every look: what is told already keeps its id."""
    reason = str(error)
    error_id, told_at = _told_outages.get(reason, ("", -OUTAGE_QUIET_S))
    if now - told_at < OUTAGE_QUIET_S:
        return error_id
    error_id = secrets.token_hex(4)
    _told_outages.clear()
    _told_outages[reason] = (error_id, now)
    logger.error("database_away", error_id=error_id, doing=doing, reason=reason)
    return error_id


def describe_error(error: Exception) -> str:
    """Return what may be told: the message of our own errors, the kind alone of any other."""
    if isinstance(error, BrinellError):
        return str(error)
    return f"Something that was not foreseen: {type(error).__name__}."


def tell_error(error: Exception, doing: str) -> None:
    """Log the error, and tell it in a note that stays; what an open note tells already is not told again.

    During an outage every look of every part fails alike, each two seconds.
    """
    error_id, words = report_error(error, doing), describe_error(error).rstrip(".")
    area = pn.state.notifications
    if area is not None and not any(note.message.startswith(words) for note in area.notifications):
        area.error(f"{words}. Id to quote: {error_id}", duration=0)


def error_view(error: Exception, doing: str) -> pn.pane.HTML:
    """Show what happened, what to do, and an id to quote; the details are logged under that id."""
    error_id = report_error(error, doing)
    return markup(
        '<div class="error" role="alert">'
        f'<div class="what">{escape(doing)} did not work</div>'
        f"<div>{escape(describe_error(error))}</div>"
        '<div class="next">Try again; if it stays, look for '
        f"<code>{error_id}</code> in the server’s log, or quote it when you ask for help.</div></div>",
        style=_STYLE,
        sizing_mode="stretch_width",
    )
