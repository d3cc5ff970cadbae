"""The records one training stands on: rows chosen by its spec, samples memory-mapped."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError, NotFoundError
from core.evaluation.splits import RecordInfo
from core.models import Dataset, Signal
from core.queries.split_records import describe_record
from core.specs import TrainingSpec
from core.storage import arrays


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Records in the order of their signal ids; `recordings[i]` belongs to `records[i]`."""

    records: tuple[RecordInfo, ...]
    recordings: tuple[NDArray[np.float32], ...]  # each (num_samples,), memory-mapped
    signal_ids: tuple[str, ...]
    checksum: str  # SHA-256 over every signal's id and content


def load_data(session: Session, spec: TrainingSpec) -> TrainingData:
    """Choose the signals that the spec names and open them."""
    dataset = session.scalar(select(Dataset).where(Dataset.name == spec.dataset))
    if dataset is None:
        raise NotFoundError(f"data set {spec.dataset!r} is no longer stored; import it again")
    signals = session.scalars(
        select(Signal).where(Signal.dataset_id == dataset.id).order_by(Signal.signal_id)
    ).all()
    chosen = _of_channel(signals, spec)
    digest = hashlib.sha256("".join(f"{s.signal_id} {s.checksum}\n" for s in chosen).encode())
    return TrainingData(
        records=tuple(describe_record(s, spec.label) for s in chosen),
        recordings=tuple(arrays.open_samples(s.file_path) for s in chosen),
        signal_ids=tuple(s.signal_id for s in chosen),
        checksum=digest.hexdigest(),
    )


def _of_channel(signals: Sequence[Signal], spec: TrainingSpec) -> list[Signal]:
    channels = sorted({s.channel for s in signals})
    if spec.channel is None:
        if len(channels) > 1:
            raise InvalidInputError(
                f"data set {spec.dataset!r} holds channels {', '.join(channels)}, and a training takes one; "
                f"name it, such as --channel {channels[0]}"
            )
        return list(signals)
    chosen = [s for s in signals if s.channel == spec.channel]
    if not chosen:
        raise InvalidInputError(
            f"data set {spec.dataset!r} has no channel {spec.channel!r}; it holds {', '.join(channels)}"
        )
    return chosen
