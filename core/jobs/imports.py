"""Import recordings: read each file, store its channels, then enter all of them at once."""

import hashlib
import os
from collections import Counter, deque
from collections.abc import Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.jobs.progress import Progress
from core.jobs.recordings import store_recording
from core.models import Dataset, DatasetImport, Signal
from core.services.access import Actor
from core.services.datasets import StoredRecording, add_signals, ensure_dataset
from core.services.jobs import Claim, complete_run
from core.services.users import get_actor
from core.specs import ImportSpec, MixedRates
from core.storage import arrays, readers
from core.storage.database import read_scope, session_scope
from core.vibration.sampling import resample

logger = structlog.get_logger(__name__)


# Reading and transforming let go of the interpreter's lock, and disks take several flushes at once.
READERS = 4
LARGEST_FILE_BYTES = 2 << 30  # a file is held in memory while it is read


@dataclass(frozen=True, slots=True)
class FileResult:
    """What one file gave: its content's hash and its channels, or why it was refused."""

    name: str
    num_bytes: int
    digest: str | None = None
    stored: tuple[StoredRecording, ...] = ()
    error: str | None = None


@dataclass(slots=True)
class Gathered:
    """What the files of one import gave; nothing of it is in the database yet."""

    stored_before: frozenset[str]  # content hashes of the files that the data set was made from
    met: dict[str, str] = field(default_factory=dict)  # file names of this import by content hash
    stored: list[StoredRecording] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)  # by file name
    findings: list[str] = field(default_factory=list)
    num_bytes: int = 0
    num_known: int = 0

    def add(self, result: FileResult) -> None:
        """Count one file's result in."""
        self.num_bytes += result.num_bytes
        if result.error is not None:
            self.errors[result.name] = result.error
        elif result.digest in self.stored_before:
            self.num_known += 1
        elif (first := self.met.setdefault(str(result.digest), result.name)) != result.name:
            self.findings.append(f"{result.name} holds the same bytes as {first}, so it is left out")
        else:
            self.stored.extend(result.stored)
            for item in result.stored:
                self.findings.extend(f"{item.signal_id}: {finding}" for finding in item.recording.findings)


def import_files(claim: Claim) -> None:
    """Do one import; files that cannot be read are listed on its row, and the rest is entered together."""
    with read_scope() as session:
        row = session.get_one(DatasetImport, claim.row_id)
        spec = ImportSpec.model_validate(row.config)
        actor = get_actor(session, row.created_by, "job")
        gathered = Gathered(_known_files(session, spec.dataset))
        rates = _stored_rates(session, spec.dataset)
    files = readers.find_files(spec.paths)
    if not files:
        raise InvalidInputError(
            f"no recording lies under {', '.join(map(str, spec.paths))}; give .mat files or a folder of them"
        )
    if not _gather_all(claim, files, gathered):
        return
    if gathered.num_known:
        gathered.findings.append(
            f"{gathered.num_known} of {len(files)} files are in the data set already; not entered again"
        )
    _settle_rates(spec.mixed_rates, rates, gathered)
    with session_scope() as session:
        _report(session, claim, gathered, len(files))
    if not gathered.stored and not gathered.num_known:
        first = next(iter(gathered.errors.values()))
        raise InvalidInputError(f"nothing of {len(files)} files could be entered; the first: {first}")
    with session_scope() as session:
        _enter(session, actor, claim, spec.dataset, gathered)


def _gather_all(claim: Claim, files: Sequence[Path], gathered: Gathered) -> bool:
    """Read all files, a few at a time; False where the import was cancelled meanwhile."""
    progress, waiting = Progress(claim, len(files)), deque[Future[FileResult]]()
    folder = Path(os.path.commonpath([path.parent for path in files]))
    with ThreadPoolExecutor(READERS, thread_name_prefix="import") as pool:
        for path in files:
            # No more in flight than are read at once: a file is held in memory while it is.
            if len(waiting) >= READERS:
                gathered.add(waiting.popleft().result())
                if not progress.advance():
                    return False
            waiting.append(pool.submit(_read, path, str(path.relative_to(folder)), gathered.stored_before))
        for future in waiting:
            gathered.add(future.result())
            if not progress.advance():
                return False
    return True


def _known_files(session: Session, dataset: str) -> frozenset[str]:
    """Return the content hashes of the files this data set was made from."""
    source = Signal.meta_data["source_sha256"].as_string()
    return frozenset(
        session.scalars(select(source).join(Dataset).where(Dataset.name == dataset, source.is_not(None)))
    )


def _stored_rates(session: Session, dataset: str) -> Counter[float]:
    rows = session.execute(
        select(Signal.sampling_rate_hz, func.count())
        .join(Dataset)
        .where(Dataset.name == dataset, Signal.sampling_rate_hz.is_not(None))
        .group_by(Signal.sampling_rate_hz)
    )
    return Counter(dict(rows.all()))


def _too_large(path: Path, size: int) -> str:
    return (
        f"{path.name} has {size / 1e9:,.1f} GB and at most {LARGEST_FILE_BYTES / 1e9:,.1f} GB are read; "
        "split it at its source"
    )


def _read(path: Path, name: str, stored_before: Set[str]) -> FileResult:
    try:
        if (size := path.stat().st_size) > LARGEST_FILE_BYTES:
            return FileResult(path.name, 0, error=_too_large(path, size))
        content = path.read_bytes()
    except OSError as error:
        return FileResult(name, 0, error=f"{name} cannot be read: {error.strerror}; check its permissions")
    digest = hashlib.sha256(content).hexdigest()
    if digest in stored_before:
        return FileResult(name, len(content), digest)
    try:
        stored = tuple(
            store_recording(replace(recording, meta_data={**recording.meta_data, "source_sha256": digest}))
            for recording in readers.read_file(path)
        )
    except InvalidInputError as error:
        logger.warning("file_refused", file=name, reason=str(error))
        return FileResult(name, len(content), error=str(error))
    return FileResult(name, len(content), digest, stored)


def _settle_rates(choice: MixedRates, stored_rates: Counter[float], gathered: Gathered) -> None:
    """Resample or refuse records that have not the rate of what is stored, or of most records when new."""
    rates = Counter(item.recording.rate_hz for item in gathered.stored)
    if len(stored_rates + rates) < 2 or choice is MixedRates.KEEP:
        return
    usual = (stored_rates or rates).most_common(1)[0][0]
    settled = []
    for item in gathered.stored:
        if item.recording.rate_hz == usual:
            settled.append(item)
        elif choice is MixedRates.RESAMPLE:
            settled.append(_resampled(item, usual, gathered))
        else:
            gathered.errors[item.signal_id] = _refusal(item, usual)
    gathered.stored = settled


def _refusal(item: StoredRecording, usual_hz: float) -> str:
    return (
        f"{item.signal_id} was sampled at {item.recording.rate_hz:,.0f} Hz, the data set's other records at "
        f"{usual_hz:,.0f} Hz, so its rate alone would give its class away; import it with "
        "--mixed-rates resample, or into a data set of its own"
    )


def _resampled(item: StoredRecording, usual_hz: float, gathered: Gathered) -> StoredRecording:
    native = item.recording
    finding = f"resampled from {native.rate_hz:,.0f} Hz to the data set's {usual_hz:,.0f} Hz"
    gathered.findings.append(f"{item.signal_id}: {finding}")
    return store_recording(
        replace(
            native,
            samples=resample(arrays.open_samples(item.path), native.rate_hz, usual_hz),
            rate_hz=usual_hz,
            meta_data={
                **native.meta_data,
                "original_rate_hz": native.rate_hz,
                "original_checksum": item.checksum,
            },
            findings=(*native.findings, finding),
        )
    )


def _report(session: Session, claim: Claim, gathered: Gathered, num_files: int) -> None:
    row = session.get_one(DatasetImport, claim.row_id)
    row.num_files, row.num_bytes = num_files, gathered.num_bytes
    row.errors, row.findings, row.num_signals = gathered.errors, gathered.findings, 0


def _enter(session: Session, actor: Actor, claim: Claim, dataset: str, gathered: Gathered) -> None:
    target = ensure_dataset(session, actor, dataset)
    row = session.get_one(DatasetImport, claim.row_id)
    row.dataset_id = target.id
    row.num_signals = add_signals(session, actor, target, gathered.stored)
    row.progress = 100
    complete_run(session, claim)
