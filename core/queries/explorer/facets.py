"""How many of what a search finds have which status, model, data set, split, owner, tag and source."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, func, null, select, union_all
from sqlalchemy.orm import Session

from core.models import Dataset, Experiment, ExperimentTag, Tag, User
from core.queries.explorer.found import conditions_of, find_members
from core.queries.search import Plan, plan_search
from core.queries.search.conditions import is_one_of
from core.queries.search.sets import Mask, read_ids

# In the order of the index that covers them, which then is read once, from end to end.
_COUNTED: dict[str, Any] = {
    "status": Experiment.status,
    "model": Experiment.model_type,
    "dataset": Experiment.dataset_id,
    "split": Experiment.split,
    "owner": Experiment.created_by,
    "source": Experiment.source,
}
STEPS_AN_ID = 16  # of the covering index that cost as much as a look at one row of experiments
FACETS = ("status", "model", "dataset", "split", "owner", "tag", "source")


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A value, and how many have it."""

    value: str  # empty where none is told
    count: int


def count_facets(
    session: Session, text: str | Plan = "", archived: bool = False, *, actor_id: int | None = None
) -> dict[str, list[FacetCount]]:
    """Count what a search finds by each facet, the most frequent value first, those that none has left out.

    One that bears several tags counts for each of them, and for none where it bears none. The plan of a
    search in place of its text shares what `list_page` found by it.
    """
    plan = text if isinstance(text, Plan) else plan_search(session, text, actor_id=actor_id)
    counts = _count(session, plan, archived=archived)
    if plan.limit is None:
        plan.seen.counts[archived] = counts["status"].total()
    for name, of, word in (
        ("dataset", Dataset.id, Dataset.name),
        ("owner", User.id, User.username),
        ("tag", Tag.id, Tag.name),
    ):
        named = dict(session.execute(select(of, word)).all())
        counts[name] = Counter({named[key]: count for key, count in counts[name].items()})
    return {name: _in_order(counts[name]) for name in FACETS}


Counts = dict[str, Counter[Any]]


def _count(session: Session, plan: Plan, *, archived: bool) -> Counts:
    if plan.condition is None and plan.limit is None:
        at = Experiment.archived_at
        counts = _count_columns(session, at.is_not(None) if archived else at.is_(None))
        return counts | {"tag": _count_all_tags(session, archived=archived)}
    mask = find_members(session, plan, archived=archived)
    if mask is None:
        return _count_at_once(session, conditions_of(session, plan, archived=archived))
    ids = np.flatnonzero(mask).tolist()
    if len(ids) * STEPS_AN_ID > len(mask) and plan.dialect == "sqlite":
        return _count_in_passing(session, mask)
    counts = _count_columns(session, is_one_of(ids, plan.dialect))
    return counts | {"tag": _tags_where(session, is_one_of(ids, plan.dialect, ExperimentTag.experiment_id))}


def _count_columns(session: Session, *conditions: ColumnElement[bool]) -> Counts:
    columns = list(_COUNTED.values())
    together = select(*columns, func.count()).where(*conditions).group_by(*columns)
    return _sum_up(session.execute(together))


def _sum_up(rows: Iterable[Sequence[Any]]) -> Counts:
    """Add the counts, the last of each row, up by each column before them."""
    counts: Counts = {name: Counter() for name in _COUNTED}
    for *values, count in rows:
        for counter, value in zip(counts.values(), values, strict=True):
            counter[value] += count
    return counts


def _count_in_passing(session: Session, mask: Mask) -> Counts:
    """Read the ids of all experiments in the order of the covering index, and of all that bear tags."""
    shelf, columns = Experiment.archived_at, list(_COUNTED.values())
    all_ids = select(*columns, func.group_concat(Experiment.id)).group_by(shelf, *columns)
    borne = select(ExperimentTag.tag_id, func.group_concat(ExperimentTag.experiment_id))
    tags = session.execute(borne.group_by(ExperimentTag.tag_id))
    found = ((*values, _count_ids(ids, mask)) for *values, ids in session.execute(all_ids))
    counts = _sum_up(row for row in found if row[-1])
    return counts | {"tag": Counter({tag: count for tag, ids in tags if (count := _count_ids(ids, mask))})}


def _count_ids(ids: str, mask: Mask) -> int:
    return int(np.count_nonzero(mask[read_ids(ids)]))


def _count_at_once(session: Session, conditions: tuple[ColumnElement[bool], ...]) -> Counts:
    """Find the experiments once, and count them and their tags in one statement."""
    columns = list(_COUNTED.values())
    found = select(Experiment.id, *columns).where(*conditions).cte("found").prefix_with("MATERIALIZED")
    of_found = [found.c[column.key] for column in columns]
    tag, of_tag = null().label("tag"), [null() for _ in columns]
    by_columns = select(*of_found, tag, func.count()).group_by(*of_found)
    is_found = ExperimentTag.experiment_id.in_(select(found.c.id))
    by_tag = (
        select(*of_tag, ExperimentTag.tag_id, func.count()).where(is_found).group_by(ExperimentTag.tag_id)
    )
    rows = session.execute(union_all(by_columns, by_tag.group_by(ExperimentTag.tag_id))).all()
    counts = _sum_up((*values, count) for *values, tag, count in rows if tag is None)
    return counts | {"tag": Counter({tag: count for *_, tag, count in rows if tag is not None})}


def _count_all_tags(session: Session, *, archived: bool) -> Counter[Any]:
    """Count without a look at each experiment: those of all, less those of the archived, which are few."""
    away = select(Experiment.id).where(Experiment.archived_at.is_not(None))
    put_away = _tags_where(session, ExperimentTag.experiment_id.in_(away))
    return put_away if archived else _tags_where(session) - put_away


def _tags_where(session: Session, *conditions: ColumnElement[bool]) -> Counter[Any]:
    counted = select(ExperimentTag.tag_id, func.count()).where(*conditions).group_by(ExperimentTag.tag_id)
    return Counter(dict(session.execute(counted).all()))


def _in_order(counts: Mapping[Any, int]) -> list[FacetCount]:
    ranked: Iterable[tuple[str, int]] = ((str(value or ""), count) for value, count in counts.items())
    return [FacetCount(value, count) for value, count in sorted(ranked, key=lambda one: (-one[1], one[0]))]
