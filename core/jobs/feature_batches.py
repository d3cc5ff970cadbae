"""The signals of a data set in batches of equal rate and length, and no more in memory than one of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError, NotFoundError, UnreadableFileError
from core.models import Signal
from core.queries.bearings import StatedOrders, find_orders
from core.storage import arrays

# Of a longer record the middle is measured: features of a steady machine say no more from hours of it.
MOST_MEASURED_SAMPLES = 1 << 20
BATCH_SAMPLES = 1 << 20


@dataclass(frozen=True, slots=True)
class Item:
    """What is needed of one signal to measure it and to tell it in a table."""

    id: int
    signal_id: str
    record: str
    channel: str
    fault_class: str
    severity: str
    load: str | None
    rpm: float | None
    unit: str | None
    bearing_id: str | None
    machine_id: str | None
    rate_hz: float
    num_samples: int
    path: str
    checksum: str
    orders: StatedOrders | None

    @property
    def num_measured(self) -> int:
        """How many of its samples are measured."""
        return min(self.num_samples, MOST_MEASURED_SAMPLES)


@dataclass(frozen=True, slots=True)
class Readings:
    """What could be read of a batch, and in words what is wrong with the files of the others."""

    items: tuple[Item, ...]
    samples: NDArray[np.float32]  # (items, samples)
    unreadable: dict[int, str]  # by id


def list_items(session: Session, dataset_id: int) -> list[Item]:
    """List the signals of a data set in the order of their names."""
    rows = session.scalars(
        select(Signal).where(Signal.dataset_id == dataset_id).order_by(Signal.signal_id),
        execution_options={"yield_per": 1000},
    )
    return [_item(row) for row in rows]


def _item(row: Signal) -> Item:
    return Item(
        id=row.id,
        signal_id=row.signal_id,
        record=str(row.meta_data.get("record", row.signal_id)),
        channel=row.channel,
        fault_class=row.fault_class,
        severity=row.severity,
        load=row.load,
        rpm=row.rpm,
        unit=row.unit,
        bearing_id=row.bearing_id,
        machine_id=row.machine_id,
        rate_hz=row.sampling_rate_hz,
        num_samples=row.num_samples,
        path=row.file_path,
        checksum=row.checksum,
        orders=find_orders(row),
    )


def list_batches(items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """Divide signals into batches that are measured at once."""
    ordered = sorted(items, key=_shape)
    return list(_batches(ordered))


def _batches(ordered: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    for (_, size), together in groupby(ordered, key=_shape):
        members, count = tuple(together), max(1, BATCH_SAMPLES // size)
        yield from (members[first : first + count] for first in range(0, len(members), count))


def _shape(item: Item) -> tuple[float, int]:
    return item.rate_hz, item.num_measured


def read_batch(batch: Sequence[Item]) -> Readings:
    """Read what is measured of a batch's signals, the middle of long ones."""
    found, unreadable = list[tuple[Item, NDArray[np.float32]]](), dict[int, str]()
    for item in batch:
        try:
            found.append((item, _read(item)))
        except NotFoundError:
            unreadable[item.id] = "not on disk"
        except (InvalidInputError, ValueError, EOFError):
            unreadable[item.id] = "cut short or damaged"
    samples = np.array([each for _, each in found], np.float32).reshape(len(found), batch[0].num_measured)
    return Readings(tuple(item for item, _ in found), samples, unreadable)


def _read(item: Item) -> NDArray[np.float32]:
    start = (item.num_samples - item.num_measured) // 2
    samples = np.asarray(arrays.open_samples(item.path)[start : start + item.num_measured])
    if samples.shape != (item.num_measured,) or not np.isfinite(samples).all():
        raise UnreadableFileError(f"{item.signal_id} does not hold its {item.num_samples:,} samples")
    return samples
