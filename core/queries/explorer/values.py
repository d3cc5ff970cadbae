"""Values of chosen columns for the experiments of one page: a query for each kind, never one a row."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import Experiment, ExperimentMetric, ExperimentParameter, HPOCampaign
from core.queries.experiment_rows import BATCH, ExperimentRow
from core.queries.explorer.columns import Column, ColumnKind
from core.queries.tags import TagRow, tags_of

Value = float | str | datetime | tuple[TagRow, ...] | None
Values = dict[int, dict[str, Value]]  # by experiment, then by the column's name

LONGEST_LINE = 200
_EXTRA: dict[str, Any] = {  # fields that the row itself does not hold
    "best_epoch": Experiment.best_epoch,
    "finished_at": Experiment.finished_at,
    "campaign": HPOCampaign.name,
    # Enough for the first line; notes may be long.
    "notes": func.substr(Experiment.notes, 1, 2 * LONGEST_LINE).label("notes"),
}


def read_values(session: Session, rows: Sequence[ExperimentRow], columns: Sequence[Column]) -> Values:
    """Return the columns' values of these rows; what an experiment does not have is None."""
    found: Values = {row.id: {column.name: None for column in columns} for row in rows}
    for kinds, read in _READERS.items():
        chosen = [column for column in columns if column.kind.value in kinds]
        for start in range(0, len(rows) if chosen else 0, BATCH):
            for row_id, name, value in read(session, rows[start : start + BATCH], chosen):
                found[row_id][name] = value
    return found


Cells = list[tuple[int, str, Value]]


def _read_fields(session: Session, rows: Sequence[ExperimentRow], columns: Sequence[Column]) -> Cells:
    names = [column.source for column in columns]
    cells: Cells = [
        (row.id, name, getattr(row, name)) for name in names if name in _ROW_FIELDS for row in rows
    ]
    ids = [row.id for row in rows]
    extra = [name for name in names if name in _EXTRA]
    if extra:
        asked = select(Experiment.id, *(_EXTRA[name] for name in extra)).outerjoin(
            HPOCampaign, Experiment.hpo_campaign_id == HPOCampaign.id
        )
        for row_id, *values in session.execute(asked.where(Experiment.id.in_(ids))):
            cells += [(row_id, name, value) for name, value in zip(extra, values, strict=True)]
        cells = [
            (row_id, name, _first_line(value) if name == "notes" else value) for row_id, name, value in cells
        ]
    if "tags" in names:
        borne = tags_of(session, ids)
        cells += [(row_id, "tags", borne.get(row_id, ())) for row_id in ids]
    return cells


_ROW_FIELDS = frozenset(ExperimentRow.__dataclass_fields__)


def _first_line(notes: Value) -> str | None:
    lines = [line.strip() for line in str(notes or "").splitlines() if line.strip()]
    if not lines:
        return None
    line = lines[0].lstrip("#> ").strip() or lines[0]
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def _read_metrics(session: Session, rows: Sequence[ExperimentRow], columns: Sequence[Column]) -> Cells:
    model, ids = ExperimentMetric, [row.id for row in rows]
    wanted = {column.source for column in columns}
    stored = session.execute(
        select(model.experiment_id, model.name, model.best, model.last).where(
            model.experiment_id.in_(ids), model.name.in_(wanted)
        )
    ).all()
    return [
        (row_id, column.name, best if column.kind is ColumnKind.BEST else last)
        for row_id, name, best, last in stored
        for column in columns
        if column.source == name
    ]


def _read_parameters(session: Session, rows: Sequence[ExperimentRow], columns: Sequence[Column]) -> Cells:
    model, ids = ExperimentParameter, [row.id for row in rows]
    shown = {column.source: column.name for column in columns}
    stored = session.execute(
        select(model.experiment_id, model.name, model.number, model.text).where(
            model.experiment_id.in_(ids), model.name.in_(shown)
        )
    )
    return [
        (row_id, shown[name], text if number is None else number) for row_id, name, number, text in stored
    ]


_READERS: dict[tuple[str, ...], Callable[..., Cells]] = {
    ("field",): _read_fields,
    ("best", "last"): _read_metrics,
    ("param",): _read_parameters,
}
