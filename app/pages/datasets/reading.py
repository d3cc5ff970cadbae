"""What the Datasets page reads of one data set."""

from dataclasses import dataclass

import pandas as pd

from app.state.datasets import FIRST_FEATURE, PROJECTIONS, DatasetsState
from core.errors import NotFoundError, UnreadableFileError
from core.queries import datasets
from core.queries.dataset_balance import ClassCount, count_classes, count_resampled
from core.queries.dataset_features import (
    Measurement,
    count_unmeasured,
    find_measurements,
    is_readable,
    list_channels,
    list_units,
    read_features,
)
from core.queries.dataset_splits import SplitReading, read_splits
from core.queries.datasets import DatasetRow
from core.queries.home import get_data_stamp
from core.storage.database import read_scope

ACTIVE = frozenset({"pending", "running"})
AXES = tuple(f"{name}_{axis}" for name in PROJECTIONS for axis in (1, 2))
MOST_AUDITED = 20_000  # signals that are divided six times while a person waits
FACTS = ("signal_id", "channel", "fault_class", "severity")


@dataclass(frozen=True, slots=True)
class Looked:
    """One data set as it is stored by now."""

    row: DatasetRow
    channel: str
    units: tuple[str | None, ...]  # of the channel's signals
    balance: tuple[ClassCount, ...]
    resampled: dict[float, int]  # records by the rate they were recorded at
    splits: tuple[SplitReading, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """How far the measurement of its features is, and the one whose table is kept."""

    newest: Measurement | None
    kept: Measurement | None
    num_unmeasured: int
    is_lost: bool = False  # a table was kept, and its file is gone or damaged

    @property
    def is_active(self) -> bool:
        """Whether more may still come."""
        return self.newest is not None and self.newest.status in ACTIVE

    def feature(self, wanted: str) -> str:
        """Return the feature drawn: the one wanted where it was measured, else the first."""
        names = self.kept.results["features"] if self.kept else []
        return (
            wanted if wanted in names else FIRST_FEATURE if FIRST_FEATURE in names else next(iter(names), "")
        )


def read_datasets() -> tuple[dict[str, DatasetRow], object]:
    """Return the data sets by name, the newest first, and what changes when any of them does."""
    with read_scope() as session:
        stamp = get_data_stamp(session)
        return {row.name: row for row in datasets.list_datasets(session)}, stamp


def look_at(row: DatasetRow, state: DatasetsState) -> Looked:
    """Read what is counted of a data set and what its splits would share."""
    with read_scope() as session:
        channels = list_channels(session, row.id)
        channel = state.channel if state.channel in channels else next(iter(channels), "")
        return Looked(
            row=row,
            channel=channel,
            units=list_units(session, row.id, channel),
            balance=tuple(count_classes(session, row.id)),
            resampled=count_resampled(session, row.id),
            splits=tuple(read_splits(session, row.id, channel)) if row.num_signals <= MOST_AUDITED else (),
        )


def read_measured(dataset_id: int) -> Measured:
    """Read how far a data set's measurement is."""
    with read_scope() as session:
        newest, kept = find_measurements(session, dataset_id)
        waiting = count_unmeasured(session, dataset_id)
    is_lost = kept is not None and not is_readable(kept)
    return Measured(newest, None if is_lost else kept, waiting, is_lost)


def read_places(kept: Measurement, channel: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return columns of one channel's signals, with what they are called; empty where the file is lost."""
    try:
        frame = read_features(kept, [*FACTS, *columns])
    except (NotFoundError, UnreadableFileError):
        return pd.DataFrame(columns=[*FACTS, *columns])
    return frame[frame["channel"] == channel]


def tabulate(row: DatasetRow, measured: Measured) -> pd.DataFrame:
    """Return the table of a data set's features; where there is none, the records of each class."""
    if measured.kept is not None:
        return read_features(measured.kept).reset_index()
    with read_scope() as session:
        return pd.DataFrame(count_classes(session, row.id))
