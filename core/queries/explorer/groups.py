"""Experiments together by what they have in common, and how a metric spreads over each group's runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scipy.special import stdtrit
from sqlalchemy import BigInteger, Select, and_, case, cast, func, select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.evaluation.bounds import bounds_of, cut_interval
from core.models import Direction, ExperimentMetric
from core.queries.explorer.columns import Column, ColumnKind, find_metric
from core.queries.explorer.found import members_where
from core.queries.explorer.grouping import Grouping, GroupValue, Key, find_grouping, name_keys
from core.queries.search import count_ids, list_metric_names, plan_search
from core.queries.search.errors import find_nearest


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over the runs of a group that have it."""

    n: int
    mean: float
    sd: float | None  # of the sample; None of a single run
    low: float | None  # 95 % interval of the mean, by Student's t over runs, cut; None of a single run
    high: float | None
    best: float
    best_id: int  # the experiment; of equals the first


@dataclass(frozen=True, slots=True)
class Group:
    """Experiments of one value."""

    value: GroupValue
    n: int
    spreads: dict[str, Spread | None]  # by metric; None where no run has it


@dataclass(frozen=True, slots=True)
class GroupPage:
    """Some groups of what a search finds."""

    rows: tuple[Group, ...]
    total: int  # groups in all
    experiments: int  # in all groups; one of several tags is in several
    without: int  # found, and in no group


def group_page(
    session: Session,
    text: str,
    by: str,
    *,
    metrics: Sequence[str] = (),
    archived: bool = False,
    sort: str = "n",
    descending: bool = True,
    limit: int = 25,
    offset: int = 0,
    actor_id: int | None = None,
) -> GroupPage:
    """Group what a search finds by a field, a tag or a hyperparameter, and tell how metrics spread.

    `by` is one of `list_groupings`, `metrics` are names such as val_accuracy, best.f1 or last.val_loss, and
    `sort` is n, value, or one of the metrics, by its mean. `group_search` gives the search for the members.
    """
    columns = [_get_metric(session, name) for name in dict.fromkeys(metrics)]
    if sort not in {"n", "value", *metrics}:
        raise InvalidInputError(
            f"groups are not sorted by {sort!r}; choose n, value or a metric that is shown"
        )
    grouping = find_grouping(session, by)
    plan = plan_search(session, text, actor_id=actor_id)
    is_member = members_where(session, plan, grouping.member, archived=archived)
    members = select(grouping.member).where(grouping.has_key, is_member)
    found = count_ids(session, plan, archived=archived)
    by_metric = next((column for column in columns if column.name == sort), None)
    ordered = _order(members, grouping, sort, by_metric, descending=descending)
    listed = session.execute(ordered.limit(limit).offset(offset)).all()
    total, experiments = listed[0][-2:] if listed else _count(session, members, grouping)
    counts: dict[Key, int] = {tuple(row[:-3]): row[-3] for row in listed}
    inside = _count_members(session, members, grouping) if grouping.is_repeated else experiments
    spreads = {c.name: _spread(session, members, grouping, list(counts), c) for c in columns}
    named = name_keys(session, grouping, list(counts))
    rows = (
        Group(named[key], n, {name: each.get(key) for name, each in spreads.items()})
        for key, n in counts.items()
    )
    return GroupPage(tuple(rows), total, experiments, found - inside)


def _get_metric(session: Session, name: str) -> Column:
    column = find_metric(session, name)
    if column is None:
        near = find_nearest(name, list_metric_names(session))
        offer = f"; did you mean {' or '.join(near)}?" if near else ""
        raise InvalidInputError(f"no experiment has a metric {name!r}, to spread over a group{offer}")
    return column


def _count(session: Session, members: Select[Any], grouping: Grouping) -> tuple[int, int]:
    """Return how many groups there are, and the sum of their sizes."""
    sizes = members.with_only_columns(func.count().label("n")).group_by(*grouping.keys).subquery()
    total, together = session.execute(select(func.count(), func.sum(sizes.c.n)).select_from(sizes)).one()
    return total, int(together or 0)


def _count_members(session: Session, members: Select[Any], grouping: Grouping) -> int:
    return session.scalar(members.with_only_columns(func.count(grouping.member.distinct()))) or 0


def _order(
    members: Select[Any], grouping: Grouping, sort: str, metric: Column | None, *, descending: bool
) -> Select[Any]:
    keys = [key.label(f"key_{place}") for place, key in enumerate(grouping.keys)]
    columns = [*keys, func.count().label("n")]
    if metric is not None:
        members, value = _measured(members, grouping, metric)
        columns.append(func.avg(value).label("mean"))
    sizes = members.with_only_columns(*columns).group_by(*grouping.keys).subquery()
    key_columns = [sizes.c[key.name] for key in keys]
    read = key_columns
    if grouping.name is not None:
        of_key = select(grouping.name).where(grouping.name_id == key_columns[0])
        read = [of_key.scalar_subquery()]
    first = {"n": [sizes.c.n], "value": read}.get(sort) or [sizes.c.mean]
    aimed = [one.desc().nulls_last() if descending else one.asc().nulls_last() for one in first]
    whole = func.count().over(), cast(func.sum(sizes.c.n).over(), BigInteger)
    query = select(*key_columns, sizes.c.n, *whole)
    return query.order_by(*aimed, *(one.asc().nulls_last() for one in read))


def _measured(members: Select[Any], grouping: Grouping, metric: Column) -> tuple[Select[Any], Any]:
    """Let members reach a metric, in the order of their groups: SQLite turns an inner join about."""
    model = ExperimentMetric
    value = model.best if metric.kind is ColumnKind.BEST else model.last
    on = and_(model.experiment_id == grouping.member, model.name == metric.source)
    return members.outerjoin(model, on), value


def _spread(
    session: Session, members: Select[Any], grouping: Grouping, chosen: list[Key], metric: Column
) -> dict[Key, Spread]:
    """Return the spread of one metric over each of some groups: means first, then the squares around them."""
    if not chosen:
        return {}
    measured, value = _measured(members.where(grouping.among(chosen)), grouping, metric)
    keys, width = grouping.keys, len(grouping.keys)
    ends = func.min(ExperimentMetric.direction), func.min(value), func.max(value)
    means = measured.with_only_columns(*keys, func.count(value), func.avg(value), *ends).group_by(*keys)
    found: dict[Key, tuple[int, float, float]] = {}
    for row in session.execute(means):
        n, mean, direction, lowest, highest = row[width:]
        if n:
            found[tuple(row[:width])] = (n, mean, lowest if direction == Direction.MIN else highest)
    if not found:
        return {}
    mean_of = case(*((grouping.is_of(key), mean) for key, (_, mean, _) in found.items()))
    best_of = case(*((grouping.is_of(key), best) for key, (_, _, best) in found.items()))
    away = value - mean_of
    first_best = func.min(case((value == best_of, grouping.member)))
    squares = measured.with_only_columns(*keys, func.sum(away * away), first_best).group_by(*keys)
    return {
        tuple(row[:width]): _tell(*found[tuple(row[:width])], *row[width:], metric=metric.source)
        for row in session.execute(squares)
        if tuple(row[:width]) in found
    }


def _tell(n: int, mean: float, best: float, squares: float, best_id: int, *, metric: str) -> Spread:
    if n < 2:
        return Spread(n, mean, None, None, None, best, best_id)
    sd = math.sqrt(squares / (n - 1))
    half = float(stdtrit(n - 1, 0.975)) * sd / math.sqrt(n)
    low, high = cut_interval(mean, half, bounds_of(metric, best))
    return Spread(n, mean, sd, float(low), float(high), best, best_id)
