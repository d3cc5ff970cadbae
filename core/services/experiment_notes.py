"""Notes on experiments: Markdown that people write, found by search, cleaned where it is shown."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.models import Experiment
from core.services.access import Actor
from core.services.experiment_rows import lock_own

MOST_CHARACTERS = 100_000


def write_notes(session: Session, actor: Actor, experiment_id: int, markdown: str) -> str | None:
    """Replace an experiment's notes by Markdown and return them as stored; blank text removes them."""
    lock_own(session, actor, [experiment_id])
    row = session.get_one(Experiment, experiment_id)
    row.notes = _checked(markdown, "the notes")
    session.flush()
    return row.notes


def append_notes(session: Session, actor: Actor, experiment_ids: Iterable[int], markdown: str) -> int:
    """Add a paragraph to the notes of many experiments, all or none, and return how many there are."""
    added = _checked(markdown, "the paragraph")
    if added is None:
        raise InvalidInputError("the paragraph is blank; write what should be added to the notes")
    rows = lock_own(session, actor, experiment_ids)
    for row in rows:
        experiment = session.get_one(Experiment, row.id, populate_existing=True)
        together = f"{experiment.notes}\n\n{added}" if experiment.notes else added
        experiment.notes = _checked(together, f"with it, the notes of experiment {row.id} ({row.name})")
    session.flush()
    return len(rows)


def _checked(markdown: str, what: str) -> str | None:
    # A line ends in one way, whatever wrote it; PostgreSQL stores no NUL, and no database half a pair.
    told = markdown.encode("utf-8", "backslashreplace").decode("utf-8")
    notes = told.replace("\r\n", "\n").replace("\0", "").strip()
    if len(notes) > MOST_CHARACTERS:
        raise InvalidInputError(
            f"{what} would have {len(notes):,} characters, and notes hold {MOST_CHARACTERS:,}; "
            "shorten them, or keep the rest in a file"
        )
    return notes or None
