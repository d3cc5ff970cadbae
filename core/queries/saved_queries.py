"""SQL questions that are kept: one's own, and those that others share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.models import SavedQuery, User


@dataclass(frozen=True, slots=True)
class SavedQueryRow:
    """One question as the workbench lists it."""

    id: int
    name: str
    sql: str
    chart: dict[str, Any] | None
    is_shared: bool
    is_own: bool
    owner: str
    usage_count: int
    last_used_at: datetime | None


def list_queries(session: Session, user_id: int) -> list[SavedQueryRow]:
    """List a user's own questions, then the others' that are shared; what was used last comes first."""
    rows = session.execute(
        select(SavedQuery, User.username)
        .join(User, SavedQuery.user_id == User.id)
        .where(or_(SavedQuery.user_id == user_id, SavedQuery.is_shared))
        .order_by((SavedQuery.user_id == user_id).desc(), SavedQuery.last_used_at.desc(), SavedQuery.name)
    )
    return [
        SavedQueryRow(
            id=row.id,
            name=row.name,
            sql=row.sql,
            chart=row.chart,
            is_shared=row.is_shared,
            is_own=row.user_id == user_id,
            owner=owner,
            usage_count=row.usage_count,
            last_used_at=row.last_used_at,
        )
        for row, owner in rows
    ]
