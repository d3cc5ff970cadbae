"""The searches that somebody keeps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import SavedSearch


class Owner(Protocol):
    """Whoever asks for what is theirs, such as an Actor."""

    @property
    def user_id(self) -> int:
        """The id of their user."""


@dataclass(frozen=True, slots=True)
class SavedSearchRow:
    """One search that is kept."""

    id: int
    name: str
    query: str
    is_pinned: bool
    usage_count: int
    last_used_at: datetime | None


def list_searches(session: Session, owner: Owner) -> list[SavedSearchRow]:
    """List the owner's searches, the pinned ones first, by name."""
    columns = [getattr(SavedSearch, name) for name in SavedSearchRow.__dataclass_fields__]
    found = session.execute(select(*columns).where(SavedSearch.user_id == owner.user_id))
    rows = [SavedSearchRow(*row) for row in found]
    return sorted(rows, key=lambda row: (not row.is_pinned, row.name.casefold(), row.name))
