"""What a table of experiments can show: the row's own fields, metrics and hyperparameters."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.queries.search.errors import find_nearest
from core.queries.search.fields import PARAMETER
from core.queries.search.known import find_kinds, list_metric_names, list_parameter_names

# What every experiment has, in the order of a table; the word says how its values are written.
FIELDS: dict[str, str] = {
    "id": "number",
    "name": "text",
    "model": "text",
    "dataset": "text",
    "status": "text",
    "split": "text",
    "seed": "number",
    "audit": "text",
    "epochs_done": "number",
    "epochs_total": "number",
    "best_epoch": "number",
    "val_accuracy": "number",
    "test_accuracy": "number",
    "record_accuracy": "number",
    "duration_s": "number",
    "owner": "text",
    "created_at": "moment",
    "started_at": "moment",
    "finished_at": "moment",
    "source": "text",
    "campaign": "text",
    "tags": "tags",
    "notes": "text",  # their first line
    "archived_at": "moment",
}
UNSORTED = frozenset({"audit", "epochs_done", "tags", "notes"})
# Metrics or hyperparameters too: while no experiment has one of that name, there is nothing to sort by.
MEASURED = frozenset({"seed", "val_accuracy", "test_accuracy", "record_accuracy"})


class ColumnKind(StrEnum):
    """Where a column's values come from."""

    FIELD = "field"
    BEST = "best"  # of a metric: its best epoch
    LAST = "last"  # of a metric: its last epoch
    PARAMETER = "param"


@dataclass(frozen=True, slots=True)
class Column:
    """One column that `list_page` shows by its name."""

    name: str  # such as model, best.val_loss, last.val_loss, lr
    kind: ColumnKind
    source: str  # the name without what tells its kind
    value: str  # number, text, moment or tags

    @property
    def is_sortable(self) -> bool:
        """Whether `list_page` takes its name as `sort`."""
        return self.kind is not ColumnKind.FIELD or self.name not in UNSORTED


def list_columns(session: Session) -> list[Column]:
    """List what can be shown: fields, then each stored metric by best and last, then hyperparameters."""
    columns = [_of_field(name) for name in FIELDS]
    metrics = list_metric_names(session)
    columns += [_of_metric(kind, name) for name in metrics for kind in (ColumnKind.BEST, ColumnKind.LAST)]
    taken = {*FIELDS, *metrics}
    for name in list_parameter_names(session):
        # One whose bare name says something else is told by its kind; a seed is the row's own.
        shown = f"{PARAMETER}{name}" if name in taken else name
        if name != "seed":
            columns.append(_of_parameter(session, shown, name))
    return columns


def find_columns(session: Session, names: Iterable[str]) -> list[Column]:
    """Return the columns of these names, each once; of a bare metric it is the best."""
    return [_find_column(session, name) for name in dict.fromkeys(names)]


def find_metric(session: Session, name: str) -> Column | None:
    """Return the column of a metric: of best.x, last.x, or x, which is the best."""
    prefix, _, rest = name.partition(".")
    for kind in (ColumnKind.BEST, ColumnKind.LAST):
        if prefix == kind and find_kinds(session, rest).is_metric:
            return _of_metric(kind, rest)
    is_metric = find_kinds(session, name).is_metric
    return Column(name, ColumnKind.BEST, name, "number") if is_metric else None


def _find_column(session: Session, name: str) -> Column:
    if name in FIELDS:
        return _of_field(name)
    metric = find_metric(session, name)
    if metric is not None:
        return metric
    for parameter in (name, name.removeprefix(PARAMETER)):
        if find_kinds(session, parameter).is_parameter:
            return _of_parameter(session, name, parameter)
    near = find_nearest(name, [column.name for column in list_columns(session)])
    offer = f"did you mean {' or '.join(near)}?" if near else f"fields are {', '.join(FIELDS)}"
    raise InvalidInputError(f"no experiment has a field, metric or hyperparameter {name!r} to show; {offer}")


def _of_field(name: str) -> Column:
    return Column(name, ColumnKind.FIELD, name, FIELDS[name])


def _of_metric(kind: ColumnKind, name: str) -> Column:
    return Column(f"{kind.value}.{name}", kind, name, "number")


def _of_parameter(session: Session, shown: str, name: str) -> Column:
    value = "text" if find_kinds(session, name).has_texts else "number"
    return Column(shown, ColumnKind.PARAMETER, name, value)
