"""Which experiments were tested on a signal, and which of them got it wrong."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.models import Artifact, Experiment
from core.queries.signals import SignalRow
from core.storage import artifacts
from core.storage.warehouse import open_warehouse

MOST = 50  # of the newest experiments, whose predictions are read


@dataclass(frozen=True, slots=True)
class RecordUse:
    """What one experiment said of a signal."""

    id: int
    name: str
    model: str
    split: str | None
    true_label: str
    predicted_label: str  # of most of its windows
    num_right: int
    num_windows: int

    @property
    def is_right(self) -> bool:
        """Whether most windows were given the true label."""
        return self.predicted_label == self.true_label


@dataclass(frozen=True, slots=True)
class RecordUses:
    """The newest experiments that were tested on a signal, the worst first, and how many others were not."""

    tested: tuple[RecordUse, ...]
    num_others: int  # on its data set, with predictions, for which it was no test record


def list_record_uses(session: Session, signal: SignalRow) -> RecordUses:
    """Return what the newest experiments on a signal's data set said of it."""
    rows = session.execute(
        select(Experiment, Artifact.id)
        .join(Artifact, Artifact.experiment_id == Experiment.id)
        .where(Experiment.dataset_id == signal.dataset_id, Artifact.kind == "predictions")
        .order_by(Experiment.id.desc())
        .limit(MOST)
    ).all()
    by_file = {str(path): row[0] for row in rows if (path := _find_file(row[1])) is not None}
    if not by_file:
        return RecordUses((), 0)
    with open_warehouse() as warehouse:
        found = warehouse.execute(
            "SELECT filename, any_value(true_label), mode(predicted_label),"
            " count(*) FILTER (predicted_label = true_label), count(*)"
            " FROM read_parquet($paths, filename = true, union_by_name = true)"
            " WHERE signal = $signal GROUP BY filename",
            {"paths": list(by_file), "signal": signal.id},
        ).fetchall()
    uses = []
    for path, *said in found:
        by = by_file[path]
        uses.append(RecordUse(by.id, by.name, by.model_type, by.split, *said))
    uses.sort(key=lambda use: (use.num_right / use.num_windows, -use.id))
    return RecordUses(tuple(uses), len(by_file) - len(uses))


def _find_file(artifact_id: str) -> Path | None:
    try:
        return artifacts.path_of(artifact_id)
    except NotFoundError:  # what is left of the others is told without it
        return None
