"""Data sets: asked for by import or generation, filled with signals in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import ConflictError, NotFoundError
from core.models import (
    Dataset,
    DatasetGeneration,
    DatasetGenerationStatus,
    DatasetImport,
    DatasetImportStatus,
    Job,
    Signal,
)
from core.services.access import Actor, require_ownership, require_researcher
from core.services.jobs import Claim, JobKind, enqueue_run, get_run, hold_claim
from core.specs import GenerationSpec, ImportSpec, Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecording:
    """A recording whose samples are on disk, with its features; metadata only."""

    recording: Recording  # its samples are empty: they are in the file
    path: str
    checksum: str
    num_samples: int
    rms: float | None
    kurtosis: float | None
    dominant_frequency: float | None

    @property
    def signal_id(self) -> str:
        """The row's name within its data set: record and channel."""
        return f"{self.recording.record}/{self.recording.channel}"


def get_dataset(session: Session, name: str) -> Dataset:
    """Return the data set of that name."""
    row = session.scalar(select(Dataset).where(Dataset.name == name))
    if row is None:
        stored = session.scalars(select(Dataset.name).order_by(Dataset.name)).all()
        raise NotFoundError(
            f"there is no data set {name!r}; stored are: {', '.join(stored) or 'none'}. "
            "Import one with: brinell import PATH --dataset NAME"
        )
    return row


def request_import(session: Session, actor: Actor, spec: ImportSpec) -> DatasetImport:
    """Write a pending import and send it to the workers when the transaction commits."""
    require_researcher(actor)
    _require_own_dataset(session, actor, spec.dataset)
    row = DatasetImport(
        name=spec.dataset,
        config=spec.model_dump(mode="json"),
        status=DatasetImportStatus.PENDING,
        created_by=actor.user_id,
    )
    session.add(row)
    enqueue_run(session, JobKind.IMPORT, row)
    return row


def request_generation(session: Session, actor: Actor, spec: GenerationSpec) -> DatasetGeneration:
    """Write a pending generation and send it to the workers when the transaction commits."""
    require_researcher(actor)
    if session.scalar(select(Dataset.id).where(Dataset.name == spec.dataset)) is not None:
        raise ConflictError(f"a data set {spec.dataset!r} exists; generate under another name")
    row = DatasetGeneration(
        name=spec.dataset,
        config=spec.model_dump(mode="json"),
        status=DatasetGenerationStatus.PENDING,
        num_faults=len(spec.classes),
        created_by=actor.user_id,
    )
    session.add(row)
    enqueue_run(session, JobKind.GENERATION, row)
    return row


def _require_own_dataset(session: Session, actor: Actor, name: str) -> None:
    dataset = session.scalar(select(Dataset).where(Dataset.name == name))
    if dataset is not None:
        require_ownership(actor, dataset, f"data set {name!r}")


def report_progress(session: Session, claim: Claim, percent: int) -> bool:
    """Store how far an import or generation is; False where it was cancelled."""
    status = hold_claim(session, claim)
    row = get_run(session, claim.kind, claim.row_id)
    if isinstance(row, DatasetImport | DatasetGeneration | Job):  # others count epochs or trials
        row.progress = percent
    return status == "running"


def ensure_dataset(session: Session, actor: Actor, name: str, description: str | None = None) -> Dataset:
    """Return the data set of that name, making it where it is new."""
    find = select(Dataset).where(Dataset.name == name)
    if (found := session.scalar(find)) is not None:
        return found
    row = Dataset(name=name, description=description, created_by=actor.user_id, num_signals=0)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # Another job made it meanwhile; if not, the row breaks another rule.
        if (found := session.scalar(find)) is None:
            raise
        return found
    return row


def add_signals(session: Session, actor: Actor, dataset: Dataset, stored: Sequence[StoredRecording]) -> int:
    """Add the signals that are new and refresh what the data set says of itself; return how many were new."""
    require_ownership(actor, dataset, f"data set {dataset.name!r}")
    # Jobs that fill one data set go one after the other, each seeing what the one before has added.
    session.refresh(dataset, with_for_update=True)
    known: dict[str, str] = dict(
        session.execute(
            select(Signal.signal_id, Signal.checksum).where(Signal.dataset_id == dataset.id)
        ).all()
    )
    fresh: dict[str, StoredRecording] = {}
    for item in stored:
        if item.signal_id in known:
            _require_same(dataset, item, known[item.signal_id])
        else:
            _require_same(dataset, item, fresh.setdefault(item.signal_id, item).checksum)
    session.add_all(_signal(dataset.id, item) for item in fresh.values())
    session.flush()
    _summarise(session, dataset)
    return len(fresh)


def _require_same(dataset: Dataset, item: StoredRecording, checksum: str) -> None:
    if item.checksum != checksum:
        raise ConflictError(
            f"data set {dataset.name!r} holds a record {item.signal_id!r} with other samples than those of "
            f"{item.recording.source_file or 'the same name'}; import the changed file into another data set"
        )


def _signal(dataset_id: int, item: StoredRecording) -> Signal:
    r = item.recording
    return Signal(
        dataset_id=dataset_id,
        signal_id=item.signal_id,
        fault_class=r.fault_class,
        severity=r.severity,
        file_path=item.path,
        rms=item.rms,
        kurtosis=item.kurtosis,
        dominant_frequency=item.dominant_frequency,
        sampling_rate_hz=r.rate_hz,
        num_samples=item.num_samples,
        unit=r.unit,
        channel=r.channel,
        rpm=r.rpm,
        load=r.load,
        bearing_model=r.bearing_model,
        bearing_id=r.bearing_id,
        machine_id=r.machine_id,
        source_file=r.source_file,
        checksum=item.checksum,
        meta_data={**r.meta_data, "record": r.record, "findings": list(r.findings)},
    )


def _summarise(session: Session, dataset: Dataset) -> None:
    def values(column: Any) -> list[Any]:
        rows = session.scalars(
            select(column).where(Signal.dataset_id == dataset.id, column.is_not(None)).distinct()
        )
        return sorted(rows)

    dataset.num_signals = (
        session.scalar(select(func.count(Signal.id)).where(Signal.dataset_id == dataset.id)) or 0
    )
    dataset.fault_types = values(Signal.fault_class)
    dataset.severity_levels = values(Signal.severity)
    dataset.meta_data = {
        **(dataset.meta_data or {}),
        "channels": values(Signal.channel),
        "sampling_rates_hz": values(Signal.sampling_rate_hz),
        "loads": values(Signal.load),
    }
