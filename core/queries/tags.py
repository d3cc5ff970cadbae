"""The tags there are, and those that experiments bear."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import ExperimentTag, Tag

BATCH = 500  # ids a statement


@dataclass(frozen=True, slots=True)
class TagRow:
    """One tag."""

    id: int
    name: str
    slug: str
    color: str | None  # as #0f766e
    usage_count: int


_COLUMNS = (Tag.id, Tag.name, Tag.slug, Tag.color, Tag.usage_count)


def list_tags(session: Session) -> list[TagRow]:
    """List all tags by name."""
    rows = [TagRow(*row) for row in session.execute(select(*_COLUMNS))]
    return sorted(rows, key=_by_name)


def tags_of(session: Session, experiment_ids: Iterable[int]) -> dict[int, tuple[TagRow, ...]]:
    """Return the tags of each of some experiments, by name."""
    ids = list(dict.fromkeys(experiment_ids))
    borne: dict[int, list[TagRow]] = {each: [] for each in ids}
    query = select(ExperimentTag.experiment_id, *_COLUMNS).join(Tag)
    for start in range(0, len(ids), BATCH):
        batch = query.where(ExperimentTag.experiment_id.in_(ids[start : start + BATCH]))
        for experiment_id, tag_id, name, slug, color, usage_count in session.execute(batch):
            borne[experiment_id].append(TagRow(tag_id, name, slug, color, usage_count))
    return {each: tuple(sorted(rows, key=_by_name)) for each, rows in borne.items()}


def _by_name(row: TagRow) -> tuple[str, str]:
    return row.name.casefold(), row.name
