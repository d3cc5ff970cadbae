"""What both sides of each possible split of a data set would share, before anything is trained."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.evaluation.leakage import audit
from core.evaluation.records import Block, RecordInfo
from core.evaluation.splits import split_records
from core.models import Signal
from core.queries.split_records import describe_record
from core.specs import SplitKind, SplitSpec, WindowSpec

LABEL = "fault_class"
SEED = 0


@dataclass(frozen=True, slots=True)
class SplitReading:
    """One split by its defaults: what its sides share, or why the data set cannot be divided so."""

    kind: str
    grade: str | None  # None: it cannot be divided so
    certain: bool
    sentence: str  # of the audit, or the reason
    num_train: int  # records
    num_test: int
    messages: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()


def read_splits(session: Session, dataset_id: int, channel: str) -> list[SplitReading]:
    """Divide one channel of a data set by every kind of split, and audit each."""
    signals = session.scalars(
        select(Signal)
        .where(Signal.dataset_id == dataset_id, Signal.channel == channel)
        .order_by(Signal.signal_id)
    )
    records = [describe_record(signal, LABEL) for signal in signals]
    return [_read(records, kind) for kind in SplitKind]


def _read(records: Sequence[RecordInfo], kind: SplitKind) -> SplitReading:
    try:
        split = split_records(records, SplitSpec(kind=kind), WindowSpec().length, SEED)
    except InvalidInputError as error:
        return SplitReading(kind.value, None, True, str(error), 0, 0)
    found = audit(records, split)
    return SplitReading(
        kind=kind.value,
        grade=found.grade,
        certain=found.certain,
        sentence=found.sentence,
        num_train=_count(records, (*split.train, *split.validation)),
        num_test=_count(records, split.test),
        messages=split.messages,
        traits=found.traits,
    )


def _count(records: Sequence[RecordInfo], blocks: Sequence[Block]) -> int:
    return len({records[block.record].record for block in blocks})
