"""The ids of one page of a search, and how many it finds.

An order by a metric has two ways. Where many experiments match, the best of them stand near the start of the
index (name, best), and it is walked, asking of each experiment whether it matches. Where few match, they are
found first and then sorted. Which of the two it is shows after some hundred steps of the walk, or before it
where they are counted already.
"""

from typing import Any, cast

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select
from sqlalchemy.orm import Session

from core.models import Experiment
from core.queries.search.conditions import Beside, Form, has_words, is_one_of, is_own
from core.queries.search.ordering import Order, by_column, off_index
from core.queries.search.planning import Plan, find_order
from core.queries.search.sets import IdSets, Mask

FIRST_STEPS = 400  # a walk of that many asks for about a millisecond
MOST_STEPS = {"sqlite": 8_000, "postgresql": 40_000}  # of a walk; SQLite finds all that match sooner
FEW = 2_000  # results that are sorted sooner than walked to
STEPS_A_RESULT = 20
FARTHEST_WALK = 2_000  # results from the start; beyond, all are sorted


def page_ids(
    session: Session,
    plan: Plan,
    *,
    sort: str | None = None,
    descending: bool = True,
    limit: int,
    offset: int = 0,
    archived: bool = False,
) -> list[int]:
    """Return the ids of one page in order.

    The text's own sort: wins over `sort`, a column, metric (best.x, last.x) or hyperparameter; with neither,
    free text is ranked by relevance, and else the newest come first. `archived` asks for the archived ones
    only, and for the others only where it is false, unless the text says archived: itself.
    """
    if plan.limit is not None:
        limit = min(limit, plan.limit - offset)
    if limit <= 0:
        return []
    order = plan.order
    if order is None and sort is not None:
        order = find_order(session, sort, descending=descending)
    if order is None and plan.condition is not None and has_words(plan.condition):
        return _page_by_relevance(session, plan, limit, offset, archived=archived)
    order = order or by_column("id", True, plan.dialect)
    is_direct = order.is_plain and all(map(is_own, plan.parts))
    if order.walk is not None and offset + limit <= FARTHEST_WALK and not is_direct:
        found = None if _is_few(plan, archived) else _walk(session, plan, order, offset + limit, archived)
        if found is not None:
            return found[offset:]
    mask = None if is_direct else find_mask(session, plan, archived=archived)
    if mask is None:
        wanted = _wanted(plan, Form(plan.dialect), archived=archived)
    else:
        wanted = [is_one_of(np.flatnonzero(mask).tolist(), plan.dialect)]
    return list(session.scalars(order.sorted_ids.where(*wanted).limit(limit).offset(offset)))


def count_ids(session: Session, plan: Plan, *, archived: bool = False) -> int:
    """Return how many experiments a search finds, its limit: at most."""
    if archived not in plan.seen.counts:
        plan.seen.counts[archived] = _count(session, plan, archived=archived)
    count = plan.seen.counts[archived]
    return count if plan.limit is None else min(count, plan.limit)


def find_mask(session: Session, plan: Plan, *, archived: bool = False) -> Mask | None:
    """Return where the ids of all that a search finds are; None where SQL finds them sooner."""
    if plan.dialect != "sqlite" or plan.condition is None:
        return None
    if archived not in plan.seen.masks:
        sets = IdSets(session)
        found = sets.find(plan.condition)
        if not plan.names_archived:
            away = sets.read(select(Experiment.id).where(Experiment.archived_at.is_not(None)))
            found &= away if archived else ~away
        plan.seen.masks[archived] = found
    return plan.seen.masks[archived]


def _count(session: Session, plan: Plan, *, archived: bool) -> int:
    mask = find_mask(session, plan, archived=archived)
    if mask is not None:
        return int(np.count_nonzero(mask))
    if plan.condition is None and not archived:
        # A whole index is counted without a look at its entries; the archived, to be taken off, are few.
        stored = session.scalar(select(func.count()).select_from(Experiment)) or 0
        return stored - _count(session, plan, archived=True)
    conditions = (*plan.conditions, *_shelf(plan, Experiment.archived_at, archived=archived))
    return session.scalar(select(func.count()).select_from(Experiment).where(*conditions)) or 0


def _is_few(plan: Plan, archived: bool) -> bool:
    return archived in plan.seen.counts and plan.seen.counts[archived] <= FEW


def _walk(session: Session, plan: Plan, order: Order, need: int, archived: bool) -> list[int] | None:
    """Return the first results if they stand near the start of the index, else None."""
    steps = max(FIRST_STEPS, STEPS_A_RESULT * need)
    while steps <= MOST_STEPS[plan.dialect]:
        query = _walk_query(plan, order, steps, archived=archived).limit(need)
        found = list(session.scalars(query))
        if len(found) == need:
            return found
        if not found or order.is_read:
            return None
        steps = 2 * steps * need // len(found)
    return None


def _walk_query(plan: Plan, order: Order, steps: int, *, archived: bool) -> Select[Any]:
    walk: Select[Any] = cast("Any", order.walk)
    asked_there = [part for part in plan.parts if isinstance(part, Beside) and _is_of_walk(part, order)]
    walk = walk.where(*(test for part in asked_there for test in part.tests))
    walked = walk.limit(steps).subquery("walked")
    others = plan.write(Form(plan.dialect, probing=True), asked_there)
    shelf = _shelf(plan, off_index(Experiment.archived_at, plan.dialect), archived=archived)
    matching = select(literal(1)).select_from(Experiment).where(Experiment.id == walked.c.id, *others, *shelf)
    value = walked.c.value.desc() if order.descending else walked.c.value
    return select(walked.c.id).where(matching.correlate(walked).exists()).order_by(value, walked.c.id.desc())


def _is_of_walk(part: Beside, order: Order) -> bool:
    """Tell whether a condition is on the very rows that are walked through."""
    return part.name is not None and (part.table, part.name) == (order.table, order.name)


def _page_by_relevance(session: Session, plan: Plan, limit: int, offset: int, *, archived: bool) -> list[int]:
    """Rank what is found by looking at names alone first, then with the model type, then with notes too."""
    by_id = select(Experiment.id).order_by(Experiment.id.desc())
    in_name = _wanted(plan, Form(plan.dialect, heard_in=("name",)), archived=archived)
    first = list(session.scalars(by_id.where(*in_name).limit(limit).offset(offset)))
    if len(first) == limit:
        return first
    ranks = [
        (and_(*plan.write(Form(plan.dialect, heard_in=columns))), rank)
        for rank, columns in enumerate([("name",), ("name", "model_type")])
    ]
    everywhere = _wanted(plan, Form(plan.dialect), archived=archived)
    ranked = select(Experiment.id).where(*everywhere).order_by(case(*ranks, else_=2), Experiment.id.desc())
    return list(session.scalars(ranked.limit(limit).offset(offset)))


def _wanted(plan: Plan, form: Form, *, archived: bool) -> list[ColumnElement[bool]]:
    column = off_index(Experiment.archived_at, plan.dialect)  # nearly every row matches, and in no order
    return [*plan.write(form), *_shelf(plan, column, archived=archived)]


def _shelf(plan: Plan, archived_at: Any, *, archived: bool) -> list[ColumnElement[bool]]:
    if plan.names_archived:
        return []
    return [archived_at.is_not(None) if archived else archived_at.is_(None)]
