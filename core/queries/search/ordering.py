"""Orders of results: what has no value comes last, and of equals the highest id comes first."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, collate, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.operators import custom_op

from core.models import Dataset, Experiment, ExperimentMetric, ExperimentParameter, HPOCampaign, User
from core.queries.search.conditions import SideTable
from core.queries.search.fields import MetricField, ParameterField

RELEVANCE = "relevance"
COLUMNS: dict[str, Any] = {
    "id": Experiment.id,
    "name": Experiment.name,
    "model": Experiment.model_type,
    "model_type": Experiment.model_type,
    "status": Experiment.status,
    "source": Experiment.source,
    "split": Experiment.split,
    "notes": Experiment.notes,
    "created": Experiment.created_at,
    "created_at": Experiment.created_at,
    "updated_at": Experiment.updated_at,
    "started_at": Experiment.started_at,
    "finished_at": Experiment.finished_at,
    "archived": Experiment.archived_at,
    "archived_at": Experiment.archived_at,
    "duration": Experiment.duration_seconds,
    "duration_s": Experiment.duration_seconds,
    "duration_seconds": Experiment.duration_seconds,
    "best_epoch": Experiment.best_epoch,
    "epochs": Experiment.total_epochs,
    "epochs_total": Experiment.total_epochs,
    "total_epochs": Experiment.total_epochs,
}
NEIGHBOURS: dict[str, tuple[Any, ColumnElement[bool]]] = {
    "dataset": (Dataset.name, Dataset.id == Experiment.dataset_id),
    "owner": (User.username, User.id == Experiment.created_by),
    "campaign": (HPOCampaign.name, HPOCampaign.id == Experiment.hpo_campaign_id),
}
WALKED = (Experiment.id, Experiment.name, Experiment.created_at)  # indexed, and never NULL
TEXTS = {"name", "model", "model_type", "split", "notes"}
SORTS = (RELEVANCE, *COLUMNS, *NEIGHBOURS)
_Metric, _Parameter = aliased(ExperimentMetric), aliased(ExperimentParameter)


@dataclass(frozen=True, slots=True)
class Order:
    """By one thing; `sorted_ids` is right always, `walk` is fast where the best are soon found."""

    sorted_ids: Select[Any]  # of all experiments, to be narrowed
    descending: bool
    walk: Select[Any] | None = None  # ids and values of those that have one, along an index
    is_plain: bool = False  # sorting all goes along that index too
    is_read: bool = False  # the walk has no index and reads the whole table, however few steps are asked for
    table: SideTable | None = None  # that the walk goes through, if not experiments
    name: str | None = None  # of the metric or hyperparameter there


def by_column(name: str, descending: bool, dialect: str) -> Order:
    """Order by a column of experiments, or by the name of what it points to."""
    if name in NEIGHBOURS:
        column, on = NEIGHBOURS[name]
        ids = select(Experiment.id).outerjoin(column.class_, on)
        return Order(_sort(ids, _text(column, dialect), descending), descending)
    column = COLUMNS[name]
    value = _text(column, dialect) if name in TEXTS else column
    by_value = (_aim(value, descending), *([] if name == "id" else [Experiment.id.desc()]))
    walk = select(Experiment.id.label("id"), value.label("value")).order_by(*by_value)
    if any(column is each for each in WALKED):
        ids = select(Experiment.id).order_by(*by_value)
        return Order(ids, descending, walk, is_plain=True)
    ids = _sort(select(Experiment.id), value, descending)
    is_walked = column is Experiment.duration_seconds
    return Order(ids, descending, walk.where(column.is_not(None)) if is_walked else None)


def by_field(field: MetricField | ParameterField, descending: bool, dialect: str) -> Order:
    """Order by a metric, or by a hyperparameter: its numbers before its texts."""
    if isinstance(field, MetricField):
        on = and_(_Metric.experiment_id == Experiment.id, _Metric.name == field.name)
        ids = select(Experiment.id).outerjoin(_Metric, on)
        # An index of last values would move with every epoch that is logged: its price is half of logging.
        value, sorted_by = (
            (ExperimentMetric.last, _Metric.last) if field.is_last else (ExperimentMetric.best, _Metric.best)
        )
        named = off_index(ExperimentMetric.name, dialect) if field.is_last else ExperimentMetric.name
        return Order(
            _sort(ids, sorted_by, descending),
            descending,
            _walk(ExperimentMetric, value, named == field.name, descending),
            is_read=field.is_last,
            table=ExperimentMetric,
            name=field.name,
        )
    on = and_(_Parameter.experiment_id == Experiment.id, _Parameter.name == field.name)
    ids = select(Experiment.id).outerjoin(_Parameter, on)
    number, text = _Parameter.number, _text(_Parameter.text, dialect)
    if not (field.has_numbers and field.has_texts):
        stored = _text(ExperimentParameter.text, dialect) if field.has_texts else ExperimentParameter.number
        return Order(
            _sort(ids, text if field.has_texts else number, descending),
            descending,
            _walk(ExperimentParameter, stored, ExperimentParameter.name == field.name, descending),
            table=ExperimentParameter,
            name=field.name,
        )
    first, then = (text, number) if descending else (number, text)
    ids = ids.order_by(
        and_(first.is_(None), then.is_(None)), first.is_(None), _aim(first, descending),
        _aim(then, descending), Experiment.id.desc(),
    )  # fmt: skip
    return Order(ids, descending)


def _walk(table: Any, value: Any, is_named: ColumnElement[bool], descending: bool) -> Select[Any]:
    rows = select(table.experiment_id.label("id"), value.label("value"))
    rows = rows.where(is_named, value.is_not(None))
    return rows.order_by(_aim(value, descending), table.experiment_id.desc())


def _sort(ids: Select[Any], value: Any, descending: bool) -> Select[Any]:
    return ids.order_by(value.is_(None), _aim(value, descending), Experiment.id.desc())


def _aim(value: Any, descending: bool) -> Any:
    return value.desc() if descending else value.asc()


def off_index(column: Any, dialect: str) -> Any:
    """Keep SQLite from an index that costs more than it spares."""
    return UnaryExpression(column, operator=custom_op("+")) if dialect == "sqlite" else column


def _text(column: Any, dialect: str) -> Any:
    """By code points, as SQLite sorts, whatever language a PostgreSQL database was made for."""
    return column if dialect == "sqlite" else collate(column, "C")
