"""What a search finds, as a condition on experiments: for counts and groups of all of it."""

import json
from collections.abc import Sequence

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, func, literal, select
from sqlalchemy.orm import Session, aliased

from core.models import Experiment
from core.queries.search import Plan, page_ids


def conditions_of(session: Session, plan: Plan, *, archived: bool) -> tuple[ColumnElement[bool], ...]:
    """Return what holds of the experiments that a search finds, and of no other."""
    if plan.limit is not None:
        ids = page_ids(session, plan, limit=plan.limit, archived=archived)
        return (Experiment.id.in_(_listed(ids, plan.dialect)),)
    if plan.names_archived:
        return plan.conditions
    at = Experiment.archived_at
    return (at.is_not(None) if archived else at.is_(None), *plan.conditions)


def members_where(
    session: Session, plan: Plan, member: ColumnElement[int], *, archived: bool
) -> ColumnElement[bool]:
    """Return the condition that an id, in whatever table, is of an experiment that a search finds.

    It asks for a set made once, never for the rows of experiments one by one: those are wide and far apart.
    """
    if plan.condition is None and plan.limit is None and not archived:
        other = aliased(Experiment)
        return ~member.in_(select(other.id).where(other.archived_at.is_not(None)))
    found = select(Experiment.id).where(*conditions_of(session, plan, archived=archived)).subquery()
    return member.in_(select(found.c.id))


def _listed(ids: Sequence[int], dialect: str) -> Select[int]:
    """Return ids as a table of one parameter, however many there are."""
    if dialect == "sqlite":
        return select(func.json_each(json.dumps(ids)).table_valued("value").c.value)
    return select(func.unnest(literal(list(ids), ARRAY(Integer))))
