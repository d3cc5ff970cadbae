"""One page of the table of experiments, in any order, out of any number of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.queries.experiment_rows import ExperimentRow, list_rows
from core.queries.explorer.columns import MEASURED, find_columns
from core.queries.explorer.values import Values, read_values
from core.queries.search import Plan, count_ids, page_ids, plan_search
from core.queries.search.known import find_kinds


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of what a search finds, and how many it finds in all."""

    rows: tuple[ExperimentRow, ...]
    total: int
    values: Values  # of the chosen columns: by experiment, then by the column's name


def list_page(
    session: Session,
    text: str | Plan = "",
    *,
    archived: bool = False,
    sort: str | None = "id",
    descending: bool = True,
    limit: int = 25,
    offset: int = 0,
    columns: Sequence[str] = (),
    actor_id: int | None = None,
) -> Page:
    """Return a page of what a search finds, with the values of chosen columns; archived ones by themselves.

    `columns` and `sort` are names as of `list_columns`; an order or limit that the search itself asks for
    wins over `sort` and bounds `total`. The plan of a search in place of its text shares what `count_facets`
    found by it. Raises SearchError where the text is no search.
    """
    chosen = find_columns(session, columns)
    if sort in MEASURED and not _is_stored(session, sort):
        sort = "id"
    plan = text if isinstance(text, Plan) else plan_search(session, text, actor_id=actor_id)
    total = count_ids(session, plan, archived=archived)  # first, as it tells how to sort
    ids = page_ids(
        session, plan, sort=sort, descending=descending, limit=limit, offset=offset, archived=archived
    )
    rows = list_rows(session, ids)
    return Page(tuple(rows), total, read_values(session, rows, chosen))


def _is_stored(session: Session, name: str) -> bool:
    kinds = find_kinds(session, name)
    return kinds.is_metric or kinds.is_parameter
