"""One look at what the table of experiments shows, and a smaller one at what moves in it."""

from dataclasses import dataclass, replace
from typing import Any

from app.components.data_table import PAGE_SIZE
from app.state.experiments import ExperimentsState
from core.errors import InvalidInputError
from core.queries.datasets import list_datasets
from core.queries.experiment_rows import ExperimentRow, list_rows
from core.queries.experiments import find_best_experiment, find_best_on_held_out_bearings
from core.queries.explorer import FacetCount, GroupPage, Page, count_facets, group_page, list_page
from core.queries.home import count_experiments
from core.queries.saved_searches import SavedSearchRow, list_searches
from core.queries.search import list_metric_names, plan_search
from core.queries.tags import TagRow, list_tags
from core.services.access import Actor
from core.storage.database import read_scope

ACTIVE = frozenset({"pending", "running", "paused"})
GROUP_METRICS = ("test_accuracy", "record_accuracy", "val_accuracy", "val_loss")  # where no metric is chosen
MOST_GROUP_METRICS = 4
USUAL_GROUP_METRICS = 2  # as many as a table has room for
ALL_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Headline:
    """What all experiments come to."""

    by_status: dict[str, int]
    best: ExperimentRow | None
    strictest: ExperimentRow | None  # the best on bearings held out
    datasets: tuple[str, ...]

    @property
    def stored(self) -> int:
        """How many experiments there are, but for the archived ones."""
        return sum(self.by_status.values())


@dataclass(frozen=True, slots=True)
class Found:
    """What the page shows."""

    headline: Headline
    asked: tuple[str, bool]  # search and shelf that the counts are of
    facets: dict[str, list[FacetCount]]
    page: Page
    groups: GroupPage | None  # in place of the page, where experiments are grouped
    saved: tuple[SavedSearchRow, ...]
    tags: tuple[TagRow, ...]
    trouble: InvalidInputError | None  # why nothing was found


def read_found(
    state: ExperimentsState, actor: Actor, usual: tuple[str, ...], before: Found | None = None
) -> Found:
    """Read what the state asks for; what `before` holds and cannot have changed is not read again."""
    with read_scope() as session:
        headline = _read_headline(session, before)
        asked = (state.search, state.archived)
        facets: dict[str, list[FacetCount]] = {}
        page, groups, trouble = Page((), 0, {}), None, None
        try:
            plan = plan_search(session, state.search, actor_id=actor.user_id)
            if before is not None and before.headline == headline and before.asked == asked:
                facets = before.facets
            else:
                facets = count_facets(session, plan, state.archived)
            if state.by:
                groups = group_page(session, state.search, state.by, **_group_place(session, state, actor))
            else:
                page = list_page(session, plan, **_place(state, actor, usual))
        except InvalidInputError as error:
            trouble = error
        return Found(
            headline=headline,
            asked=asked,
            facets=facets,
            page=page,
            groups=groups,
            saved=tuple(list_searches(session, actor)),
            tags=tuple(list_tags(session)),
            trouble=trouble,
        )


def read_moved(found: Found) -> Found | None:
    """Look again at what runs among the rows shown; None: more changed than that, and all is to be read."""
    active = [row.id for row in found.page.rows if row.status in ACTIVE]
    with read_scope() as session:
        if count_experiments(session) != found.headline.by_status:
            return None
        if not active:
            return found
        fresh = {row.id: row for row in list_rows(session, active)}
    rows = tuple(fresh.get(row.id, row) for row in found.page.rows)
    return replace(found, page=replace(found.page, rows=rows))


def read_all(state: ExperimentsState, actor: Actor, columns: tuple[str, ...]) -> Page:
    """Return every row that the search finds."""
    asked = _place(state, actor, columns) | {"limit": ALL_ROWS, "offset": 0}
    with read_scope() as session:
        return list_page(session, state.search, **asked)


def _read_headline(session: Any, before: Found | None) -> Headline:
    by_status = count_experiments(session)
    if before is not None and before.headline.by_status == by_status:
        return before.headline
    return Headline(
        by_status=by_status,
        best=find_best_experiment(session),
        strictest=find_best_on_held_out_bearings(session),
        datasets=tuple(row.name for row in list_datasets(session)),
    )


def _place(state: ExperimentsState, actor: Actor, usual: tuple[str, ...]) -> dict[str, Any]:
    return {
        "archived": state.archived,
        "sort": state.sort or None,
        "descending": state.descending,
        "limit": PAGE_SIZE,
        "offset": (state.page - 1) * PAGE_SIZE,
        "columns": tuple(dict.fromkeys([*(state.columns or usual), "tags"])),
        "actor_id": actor.user_id,
    }


def _group_place(session: Any, state: ExperimentsState, actor: Actor) -> dict[str, Any]:
    metrics = _group_metrics(session, state)
    place = _place(state, actor, ())
    sort = state.sort if state.sort in {"n", "value", *metrics} else "n"
    return {name: place[name] for name in ("archived", "descending", "limit", "offset", "actor_id")} | {
        "metrics": metrics,
        "sort": sort,
    }


def _group_metrics(session: Any, state: ExperimentsState) -> tuple[str, ...]:
    """Return the metrics chosen as columns, else those that most experiments are judged by."""
    stored = set(list_metric_names(session))
    chosen = (name if name.startswith(("best.", "last.")) else f"best.{name}" for name in state.columns)
    known = [name for name in chosen if name.partition(".")[2] in stored]
    usual = [f"best.{name}" for name in GROUP_METRICS if name in stored]
    return tuple(dict.fromkeys(known))[:MOST_GROUP_METRICS] or tuple(usual[:USUAL_GROUP_METRICS])
