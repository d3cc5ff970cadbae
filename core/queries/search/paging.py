"""The ids of one page of a search, and how many it finds.

An order by a metric has two ways. Where many experiments match, the best of them stand near the start of the
index (name, best), and it is walked, asking of each experiment whether it matches. Where few match, they are
found first and then sorted. Which of the two it is shows after some hundred steps of the walk.
"""

from typing import Any, cast

from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, case, func, literal, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.operators import custom_op

from core.models import Experiment
from core.queries.search.conditions import Beside, Form, has_words, is_own
from core.queries.search.ordering import Order, by_column
from core.queries.search.planning import Plan, find_order

FIRST_STEPS = 400  # a walk of that many asks for about a millisecond
MOST_STEPS = 40_000
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
    if order.walk is not None and offset + limit <= FARTHEST_WALK and _needs_walk(plan, order):
        found = _walk(session, plan, order, offset + limit, archived=archived)
        if found is not None:
            return found[offset:]
    ids = order.sorted_ids.where(*_wanted(plan, Form(plan.dialect), archived=archived))
    return list(session.scalars(ids.limit(limit).offset(offset)))


def count_ids(session: Session, plan: Plan, *, archived: bool = False) -> int:
    """Return how many experiments a search finds, its limit: at most."""
    conditions = (*plan.conditions, *_shelf(plan, Experiment.archived_at, archived=archived))
    count = session.scalar(select(func.count()).select_from(Experiment).where(*conditions)) or 0
    return count if plan.limit is None else min(count, plan.limit)


def _needs_walk(plan: Plan, order: Order) -> bool:
    return not (order.is_plain and all(map(is_own, plan.parts)))


def _walk(session: Session, plan: Plan, order: Order, need: int, *, archived: bool) -> list[int] | None:
    """Return the first results if they stand near the start of the index, else None."""
    steps = max(FIRST_STEPS, STEPS_A_RESULT * need)
    while steps <= MOST_STEPS:
        query = _walk_query(plan, order, steps, archived=archived).limit(need)
        found = list(session.scalars(query))
        if len(found) == need:
            return found
        if not found:
            return None
        steps = 2 * steps * need // len(found)
    return None


def _walk_query(plan: Plan, order: Order, steps: int, *, archived: bool) -> Select[Any]:
    walk: Select[Any] = cast("Any", order.walk)
    asked_there = [part for part in plan.parts if isinstance(part, Beside) and _is_of_walk(part, order)]
    walk = walk.where(*(test for part in asked_there for test in part.tests))
    walked = walk.limit(steps).subquery("walked")
    others = plan.write(Form(plan.dialect, probing=True), asked_there)
    shelf = _shelf(plan, _off_index(Experiment.archived_at, plan.dialect), archived=archived)
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
    column = _off_index(Experiment.archived_at, plan.dialect)
    return [*plan.write(form), *_shelf(plan, column, archived=archived)]


def _shelf(plan: Plan, archived_at: Any, *, archived: bool) -> list[ColumnElement[bool]]:
    if plan.names_archived:
        return []
    return [archived_at.is_not(None) if archived else archived_at.is_(None)]


def _off_index(column: Any, dialect: str) -> Any:
    """Keep SQLite from an index that nearly every row matches, and that then gives no order."""
    return UnaryExpression(column, operator=custom_op("+")) if dialect == "sqlite" else column
