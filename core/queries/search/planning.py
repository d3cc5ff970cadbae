"""From the text of a search to a plan: conditions on experiments, an order, a limit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import InvalidInputError
from core.queries.search.conditions import Condition, Form, Joined, count_beside
from core.queries.search.errors import find_nearest
from core.queries.search.fields import Field, OwnField, find_field, list_field_names
from core.queries.search.ordering import COLUMNS, NEIGHBOURS, RELEVANCE, SORTS, Order, by_column, by_field
from core.queries.search.parsing import parse_search
from core.queries.search.resolving import Resolver
from core.queries.search.sets import Mask
from core.queries.search.tree import Sort

SORTABLE = (
    "columns are relevance, id, name, model, dataset, status, created and duration among others; "
    "what else is stored tells brinell sql 'SELECT DISTINCT name FROM metrics' (or parameters)"
)
MOST_JOINS = 6  # among which PostgreSQL finds the best order soon


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found on the way, by shelf, so that rows, count and facets of one moment look once."""

    masks: dict[bool, Mask] = field(default_factory=dict)
    counts: dict[bool, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A search whose names are known; it answers as of when it is first asked."""

    condition: Condition | None  # None: it finds everything
    order: Order | None  # of its sort: where it has one
    limit: int | None
    names_archived: bool  # then it says itself what of the archive it wants
    dialect: str
    seen: Seen = field(default_factory=Seen, compare=False, repr=False)

    @property
    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """What a WHERE over `experiments` asks; archived ones are not left out by it."""
        return self.write(Form(self.dialect))

    @property
    def parts(self) -> Sequence[Condition]:
        """What must hold together, part by part."""
        if self.condition is None:
            return ()
        if isinstance(self.condition, Joined) and not self.condition.any_of:
            return self.condition.parts
        return (self.condition,)

    def write(self, form: Form, but_for: Collection[Condition] = ()) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions in a form, but for some."""
        if sum(map(count_beside, self.parts)) > MOST_JOINS:
            form = replace(form, many=True)
        return tuple(part.write(form) for part in self.parts if not any(part is each for each in but_for))


def plan_search(
    session: Session, text: str, *, actor_id: int | None = None, now: datetime | None = None
) -> Plan:
    """Look up what a search names; a SearchError says where it names what is not stored."""
    search = parse_search(text)
    dialect = session.get_bind().dialect.name
    resolver = Resolver(session, text, actor_id, now or utc_now())
    condition = None if search.tree is None else resolver.resolve(search.tree)
    order = None if search.sort is None else _order_of(resolver, search.sort, dialect)
    return Plan(condition, order, search.limit, resolver.names_archived, dialect)


def _order_of(resolver: Resolver, sort: Sort, dialect: str) -> Order | None:
    name = sort.field.text
    if name.lower() == RELEVANCE:
        return None
    if name.lower() in COLUMNS or name.lower() in NEIGHBOURS:
        return by_column(name.lower(), sort.descending, dialect)
    found = resolver.fields.get(name) or find_field(resolver.session, name)
    if found is None or isinstance(found, OwnField):
        resolver.fail(sort.field, *_unsortable(resolver.session, name, found))
    return by_field(found, sort.descending, dialect)


def _unsortable(session: Session, name: str, found: Field | None) -> tuple[str, tuple[str, ...]]:
    if found is not None:
        return f"results are not sorted by {name}", ()
    near = find_nearest(name, dict.fromkeys([*SORTS, *list_field_names(session, alike=name)]))
    problem = f"there is no column, metric or hyperparameter {name!r} to sort by"
    return problem if near else f"{problem}; {SORTABLE}", near


def find_order(session: Session, name: str, *, descending: bool) -> Order | None:
    """Return the order by a column, metric or hyperparameter; None is by relevance."""
    dialect = session.get_bind().dialect.name
    if name == RELEVANCE:
        return None
    if name in COLUMNS or name in NEIGHBOURS:
        return by_column(name, descending, dialect)
    found = find_field(session, name)
    if found is None or isinstance(found, OwnField):
        problem, near = _unsortable(session, name, found)
        raise InvalidInputError(f"{problem}; did you mean {' or '.join(near)}?" if near else problem)
    return by_field(found, descending, dialect)
