"""What a search finds, as a condition on experiments: for counts and groups of all of it."""

import numpy as np
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from core.models import Experiment
from core.queries.search import Plan, find_mask, page_ids
from core.queries.search.conditions import is_one_of
from core.queries.search.sets import IdSets, Mask


def find_members(session: Session, plan: Plan, *, archived: bool) -> Mask | None:
    """Return where the ids of what a search finds are, up to its limit; None where SQL is to find them."""
    if plan.limit is None:
        return find_mask(session, plan, archived=archived)
    return IdSets(session).mask(page_ids(session, plan, limit=plan.limit, archived=archived))


def conditions_of(session: Session, plan: Plan, *, archived: bool) -> tuple[ColumnElement[bool], ...]:
    """Return what holds of the experiments that a search finds, and of no other."""
    mask = find_members(session, plan, archived=archived)
    if mask is not None:
        return (is_one_of(np.flatnonzero(mask).tolist(), plan.dialect),)
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
