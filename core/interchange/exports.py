"""Take experiments out: as tables, or into a store of MLflow."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.queries.experiment_exports import (
    list_column_names,
    list_export_ids,
    list_metric_names,
    read_exports,
)
from core.storage.database import read_scope
from core.storage.exports.mlflow import tell_run
from core.storage.exports.mlflow_folder import MlflowFolder
from core.storage.exports.mlflow_server import MlflowServer
from core.storage.exports.records import Exported
from core.storage.exports.tables import CsvTables, ParquetTables, Tables
from core.storage.foreign.tables import FIGURE, PARAMETER

OnProgress = Callable[[int, int], None]  # experiments done, experiments in all


class ExportForm(StrEnum):
    """What the experiments become."""

    CSV = "csv"
    PARQUET = "parquet"
    MLFLOW = "mlflow"


class _Target(Protocol):
    def write(self, exported: Exported, /) -> bool: ...


@dataclass(slots=True)
class RunExport:
    """What an export did."""

    num_new: int = 0
    num_known: int = 0  # that the store had from an earlier export
    num_values: int = 0
    has_replaced: bool = False  # the tables of an earlier export
    findings: list[str] = field(default_factory=list)


def export_runs(
    to: str,
    form: ExportForm,
    *,
    search: str = "",
    experiment: str = "brinell",
    on_progress: OnProgress = lambda _done, _all: None,
) -> RunExport:
    """Write the experiments that a search finds, with their histories, to a folder or a server of MLflow."""
    report = RunExport()
    with read_scope() as session:
        ids = list_export_ids(session, search)
        if not ids:
            raise InvalidInputError(f"no experiment is found by {search!r}; nothing was written")
        is_mlflow = form is ExportForm.MLFLOW
        target = _open_mlflow(to, experiment, report) if is_mlflow else _open_tables(session, to, form, ids)
        with target as opened:
            for done, exported in enumerate(read_exports(session, ids), 1):
                is_new = opened.write(exported)
                report.num_new += is_new
                report.num_known += not is_new
                report.num_values += len(exported.points)
                on_progress(done, len(ids))
        report.has_replaced = isinstance(target, Tables) and target.replaces
    return report


def _open_mlflow(to: str, experiment: str, report: RunExport) -> AbstractContextManager[_Target]:
    is_server = to.startswith(("http://", "https://"))
    store = MlflowServer(to, experiment) if is_server else MlflowFolder(_folder(to), experiment)
    return closing(_IntoMlflow(store, report))


def _open_tables(
    session: Session, to: str, form: ExportForm, ids: Sequence[int]
) -> AbstractContextManager[_Target]:
    parameters, figures = list_column_names(session, ids)
    columns = [f"{PARAMETER}{name}" for name in parameters] + [f"{FIGURE}{name}" for name in figures]
    tables = CsvTables if form is ExportForm.CSV else ParquetTables
    return tables(_folder(to), columns, list_metric_names(session, ids))


def _folder(to: str) -> Path:
    if "://" in to:
        raise InvalidInputError(f"{to} is no folder; only mlflow goes to a server, at http:// or https://")
    if "\0" in to:
        raise InvalidInputError(f"{to!r} holds a NUL, which no folder's name does; name another folder")
    return Path(to).expanduser()


class _IntoMlflow:
    def __init__(self, store: MlflowServer | MlflowFolder, report: RunExport) -> None:
        self._store, self._report = store, report

    def write(self, exported: Exported) -> bool:
        run = tell_run(exported)
        self._report.findings += [f"{exported.name}: {finding}" for finding in run.findings]
        return self._store.write(run)

    def close(self) -> None:
        self._store.close()
