"""How many of what a search finds have which status, model, data set, split, owner, tag and source."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import Dataset, Experiment, ExperimentTag, Tag, User
from core.queries.explorer.found import conditions_of
from core.queries.search import Plan, plan_search

# In the order of the index that covers them, which then is read once, from end to end.
_COUNTED: dict[str, Any] = {
    "status": Experiment.status,
    "model": Experiment.model_type,
    "dataset": Experiment.dataset_id,
    "split": Experiment.split,
    "owner": Experiment.created_by,
    "source": Experiment.source,
}
FACETS = ("status", "model", "dataset", "split", "owner", "tag", "source")


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A value, and how many have it."""

    value: str  # empty where none is told
    count: int


def count_facets(
    session: Session, text: str = "", archived: bool = False, *, actor_id: int | None = None
) -> dict[str, list[FacetCount]]:
    """Count what a search finds by each facet, the most frequent value first, those that none has left out.

    One that bears several tags counts for each of them, and for none where it bears none.
    """
    plan = plan_search(session, text, actor_id=actor_id)
    counts = _count_columns(session, plan, archived=archived)
    counts["tag"] = _count_tags(session, plan, archived=archived)
    for name, of, word in (
        ("dataset", Dataset.id, Dataset.name),
        ("owner", User.id, User.username),
        ("tag", Tag.id, Tag.name),
    ):
        named = dict(session.execute(select(of, word)).all())
        counts[name] = Counter({named[key]: count for key, count in counts[name].items()})
    return {name: _in_order(counts[name]) for name in FACETS}


def _count_columns(session: Session, plan: Plan, *, archived: bool) -> dict[str, Counter[Any]]:
    columns = list(_COUNTED.values())
    conditions = conditions_of(session, plan, archived=archived)
    together = select(*columns, func.count()).where(*conditions).group_by(*columns)
    counts: dict[str, Counter[Any]] = {name: Counter() for name in _COUNTED}
    for *values, count in session.execute(together):
        for counter, value in zip(counts.values(), values, strict=True):
            counter[value] += count
    return counts


def _count_tags(session: Session, plan: Plan, *, archived: bool) -> Counter[Any]:
    if plan.condition is None and plan.limit is None:
        return _count_all_tags(session, archived=archived)
    conditions = conditions_of(session, plan, archived=archived)
    return _tags_where(session, ExperimentTag.experiment_id.in_(select(Experiment.id).where(*conditions)))


def _count_all_tags(session: Session, *, archived: bool) -> Counter[Any]:
    """Count without a look at each experiment: those of all, less those of the archived, which are few."""
    away = select(Experiment.id).where(Experiment.archived_at.is_not(None))
    put_away = _tags_where(session, ExperimentTag.experiment_id.in_(away))
    return put_away if archived else _tags_where(session) - put_away


def _tags_where(session: Session, *conditions: Any) -> Counter[Any]:
    counted = select(ExperimentTag.tag_id, func.count()).where(*conditions).group_by(ExperimentTag.tag_id)
    return Counter(dict(session.execute(counted).all()))


def _in_order(counts: Mapping[Any, int]) -> list[FacetCount]:
    ranked: Iterable[tuple[str, int]] = ((str(value or ""), count) for value, count in counts.items())
    return [FacetCount(value, count) for value, count in sorted(ranked, key=lambda one: (-one[1], one[0]))]
