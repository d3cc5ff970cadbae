"""Tags: made, renamed, merged, put on experiments and taken off; how often each is used is always true.

Whoever changes which experiments bear a tag holds those experiments, then the tag's row, each in the order of
their ids, and counts anew before letting go.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import ConflictError, InvalidInputError, NotFoundError
from core.models import Experiment, ExperimentTag, Tag
from core.queries.search.errors import find_nearest
from core.services.access import Actor, require_ownership, require_researcher
from core.services.experiment_rows import in_batches, lock_own
from core.services.tag_names import check_color, read_name

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def create_tag(session: Session, actor: Actor, name: str, color: str | None = None) -> Tag:
    """Make a tag that no experiment bears yet."""
    require_researcher(actor)
    name, slug = read_name(name)
    _refuse_taken(session, name, slug)
    row = Tag(name=name, slug=slug, color=check_color(color), created_by=actor.user_id, usage_count=0)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody else made it meanwhile
        _refuse_taken(session, name, slug)
        raise
    return row


def rename_tag(session: Session, actor: Actor, tag_id: int, name: str) -> Tag:
    """Give a tag another name; it keeps its experiments."""
    row = _hold_own(session, actor, [tag_id])[tag_id]
    name, slug = read_name(name)
    _refuse_taken(session, name, slug, but_for=tag_id)
    try:
        with session.begin_nested():
            row.name, row.slug = name, slug
    except IntegrityError:
        _refuse_taken(session, name, slug, but_for=tag_id)
        raise
    return row


def recolor_tag(session: Session, actor: Actor, tag_id: int, color: str | None) -> Tag:
    """Give a tag another colour, or none."""
    row = _hold_own(session, actor, [tag_id])[tag_id]
    row.color = check_color(color)
    return row


def merge_tags(session: Session, actor: Actor, tag_ids: Iterable[int], into_id: int) -> Tag:
    """Have the bearers of some tags bear another, and delete those tags."""
    merged = sorted(set(tag_ids) - {into_id})
    borne = select(ExperimentTag.experiment_id).where(ExperimentTag.tag_id.in_(merged))
    bearers = select(Experiment.id).where(Experiment.id.in_(borne)).order_by(Experiment.id)
    session.execute(bearers.with_for_update(read=True, key_share=True)).all()
    rows = _hold_own(session, actor, [*merged, into_id])
    if not merged:
        raise InvalidInputError(f"tag {rows[into_id].name!r} cannot be merged into itself; name another")
    pairs = select(
        ExperimentTag.experiment_id,
        literal(into_id),
        func.min(ExperimentTag.added_by),
        func.min(ExperimentTag.created_at),
        literal(utc_now(), ExperimentTag.updated_at.type),
    ).where(ExperimentTag.tag_id.in_(merged))
    _bear(session, pairs.group_by(ExperimentTag.experiment_id))
    _delete(session, merged)
    _count_anew(session, [into_id])
    return rows[into_id]


def delete_tag(session: Session, actor: Actor, tag_id: int) -> None:
    """Delete a tag and take it off all experiments."""
    _hold_own(session, actor, [tag_id])
    _delete(session, [tag_id])


def add_tags(session: Session, actor: Actor, experiment_ids: Iterable[int], names: Iterable[str]) -> int:
    """Put tags on experiments of one's own and return how many were new; a tag not known yet is made."""
    ids = [row.id for row in lock_own(session, actor, experiment_ids)]
    wanted = {slug: name for name, slug in map(read_name, names)}
    tags = _hold_or_make(session, actor, wanted)
    now = literal(utc_now(), ExperimentTag.created_at.type)
    added = 0
    for tag_id in tags:
        pairs = select(Experiment.id, literal(tag_id), literal(actor.user_id), now, now)
        for batch in in_batches(ids):
            added += _bear(session, pairs.where(Experiment.id.in_(batch)))
    _count_anew(session, tags)
    return added


def remove_tags(session: Session, actor: Actor, experiment_ids: Iterable[int], names: Iterable[str]) -> int:
    """Take tags off experiments of one's own and return how many were there."""
    ids = [row.id for row in lock_own(session, actor, experiment_ids)]
    wanted = {slug: name for name, slug in map(read_name, names)}
    held = _hold_known(session, wanted)
    if missing := [name for slug, name in wanted.items() if slug not in held]:
        near = find_nearest(missing[0], session.scalars(select(Tag.name)))
        offer = f"; did you mean {' or '.join(near)}?" if near else "; Experiments lists the tags"
        raise NotFoundError(f"there is no tag {missing[0]!r}{offer}")
    removed = 0
    for batch in in_batches(ids):
        theirs = ExperimentTag.experiment_id.in_(batch), ExperimentTag.tag_id.in_(held.values())
        removed += session.connection().execute(delete(ExperimentTag).where(*theirs)).rowcount
    _count_anew(session, list(held.values()))
    return removed


def hold_tags(session: Session, actor: Actor, names: Iterable[str], others: Iterable[str] = ()) -> None:
    """Hold all the tags that a transaction is about to change, in the order of their ids; make `names` too.

    For who puts on and takes off several, one after the other: of two of these neither waits for ever.
    """
    wanted = {slug: name for name, slug in map(read_name, names)}
    _hold_known(session, wanted | {slug: name for name, slug in map(read_name, others)})
    _hold_or_make(session, actor, wanted)


def _refuse_taken(session: Session, name: str, slug: str, *, but_for: int | None = None) -> None:
    same = session.scalar(select(Tag.name).where(Tag.slug == slug, Tag.id.is_distinct_from(but_for)))
    if same is not None:
        raise ConflictError(f"there is a tag {same!r}, which is the same as {name!r}; use it, or merge them")


def _hold_own(session: Session, actor: Actor, tag_ids: Sequence[int]) -> dict[int, Tag]:
    require_researcher(actor)
    session.flush()
    held = select(Tag).where(Tag.id.in_(tag_ids)).order_by(Tag.id).with_for_update()
    rows = {row.id: row for row in session.scalars(held.execution_options(populate_existing=True))}
    for tag_id in tag_ids:
        if tag_id not in rows:
            raise NotFoundError(f"there is no tag {tag_id}; it may have been deleted or merged")
        require_ownership(actor, rows[tag_id], f"tag {rows[tag_id].name!r}")
    return rows


def _hold_known(session: Session, wanted: dict[str, str]) -> dict[str, int]:
    """Hold those of the wanted tags, names by slug, that there are; return their ids by slug."""
    session.flush()
    known = or_(Tag.slug.in_(list(wanted)), Tag.name.in_(list(wanted.values())))
    held = session.execute(select(Tag).where(known).order_by(Tag.id).with_for_update()).scalars().all()
    by_slug = {slug: tag.id for slug, name in wanted.items() for tag in held if tag.name == name}
    return by_slug | {tag.slug: tag.id for tag in held if tag.slug in wanted}


def _hold_or_make(session: Session, actor: Actor, wanted: dict[str, str]) -> list[int]:
    while True:
        held = _hold_known(session, wanted)
        # In one order, so that of two who make the same tags neither waits for the other for ever.
        missing = sorted(set(wanted) - set(held))
        if not missing:
            return sorted(held.values())
        now = utc_now()
        rows = [
            {"name": wanted[slug], "slug": slug, "created_by": actor.user_id, "usage_count": 0}
            | {"created_at": now, "updated_at": now}
            for slug in missing
        ]
        session.connection().execute(_insert_new(session, Tag), rows)


def _bear(session: Session, pairs: Any) -> int:
    """Insert the pairs of experiment and tag that are not there, and return how many they were."""
    columns = ("experiment_id", "tag_id", "added_by", "created_at", "updated_at")
    insert = _insert_new(session, ExperimentTag).from_select(columns, pairs)
    return int(session.connection().execute(insert.execution_options(preserve_rowcount=True)).rowcount)


def _insert_new(session: Session, model: Any) -> Any:
    insert = _INSERTS[session.connection().dialect.name]
    return insert(model.__table__).on_conflict_do_nothing().inline()


def _delete(session: Session, tag_ids: Sequence[int]) -> None:
    session.execute(delete(ExperimentTag).where(ExperimentTag.tag_id.in_(tag_ids)))
    session.execute(delete(Tag).where(Tag.id.in_(tag_ids)))


def _count_anew(session: Session, tag_ids: Sequence[int]) -> None:
    borne = select(func.count()).where(ExperimentTag.tag_id == Tag.id).scalar_subquery()
    session.execute(update(Tag).where(Tag.id.in_(tag_ids)).values(usage_count=borne))
