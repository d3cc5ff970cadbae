"""Experiments changed many at a time: tags, notes, archiving; all of them or none."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.services.access import Actor
from core.services.experiment_lifecycle import archive_experiments, restore_experiments
from core.services.experiment_notes import append_notes
from core.services.experiment_rows import lock_own
from core.services.tags import add_tags, hold_tags, remove_tags


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentEdit:
    """What to change in every one of many experiments; what is left out stays."""

    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    append_notes: str = ""  # Markdown, as a paragraph of its own
    archive: bool | None = None  # True: put away, False: take out again


def edit_experiments(
    session: Session, actor: Actor, experiment_ids: Iterable[int], edit: ExperimentEdit
) -> int:
    """Change many experiments, all or none, and return how many there are."""
    ids = [row.id for row in lock_own(session, actor, experiment_ids)]
    hold_tags(session, actor, edit.add_tags, edit.remove_tags)
    if edit.add_tags:
        add_tags(session, actor, ids, edit.add_tags)
    if edit.remove_tags:
        remove_tags(session, actor, ids, edit.remove_tags)
    if edit.append_notes:
        append_notes(session, actor, ids, edit.append_notes)
    if edit.archive is not None:
        (archive_experiments if edit.archive else restore_experiments)(session, actor, ids)
    return len(ids)
