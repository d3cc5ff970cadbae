"""Import recordings: read each file, store its channels, then enter all of them at once."""

from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.jobs.import_reading import FileResult, read_source
from core.jobs.import_sources import SourceFile, delete_uploads, list_skipped, list_sources
from core.jobs.progress import Progress
from core.jobs.recordings import store_recording
from core.models import Dataset, DatasetImport, Signal
from core.services.access import Actor
from core.services.datasets import StoredRecording, add_signals, ensure_dataset
from core.services.features import request_features
from core.services.jobs import Claim, complete_run
from core.services.users import get_actor
from core.specs import ImportSpec, MixedRates, StatedFacts
from core.storage import arrays
from core.storage.database import read_scope
from core.storage.transactions import run_write
from core.vibration.sampling import resample

# Readers are processes of their own, and disks take several flushes at once.
READERS = 4


@dataclass(slots=True)
class Gathered:
    """What the files of one import gave; nothing of it is in the database yet."""

    stored_before: frozenset[str]  # content hashes of the files that the data set was made from
    met: dict[str, str] = field(default_factory=dict)  # file names of this import by content hash
    stored: list[StoredRecording] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)  # by file name
    findings: list[str] = field(default_factory=list)
    num_files: int = 0
    num_bytes: int = 0
    num_known: int = 0

    def add(self, result: FileResult) -> None:
        """Count one file's result in."""
        self.num_files += 1
        self.num_bytes += result.num_bytes
        if result.error is not None:
            self.errors[self._free_name(result.name)] = result.error
        elif result.digest in self.stored_before:
            self.num_known += 1
        elif (first := self.met.get(str(result.digest))) is not None:
            self.findings.append(f"{result.name} holds the same bytes as {first}, so it is left out")
        else:
            self.met[str(result.digest)] = result.name
            self.stored.extend(result.stored)
            for item in result.stored:
                self.findings.extend(f"{item.signal_id}: {finding}" for finding in item.recording.findings)

    def _free_name(self, name: str) -> str:
        """Return the name, numbered where several uploads came under the same."""
        if name not in self.errors:
            return name
        return next(free for n in count(2) if (free := f"{name} ({n})") not in self.errors)


def import_files(claim: Claim) -> None:
    """Do one import; files that cannot be read are listed on its row, and the rest is entered together."""
    with read_scope() as session:
        row = session.get_one(DatasetImport, claim.row_id)
        spec = ImportSpec.model_validate(row.config)
        actor = get_actor(session, row.created_by, "job")
        gathered = Gathered(_known_files(session, spec.dataset))
        rates = _stored_rates(session, spec.dataset)
        sources = list_sources(session, actor, spec)
    gathered.findings.extend(list_skipped(spec))
    if not _gather_all(claim, sources, spec.stated, gathered):
        return
    if gathered.num_known:
        known = f"{gathered.num_known} of {gathered.num_files} files"
        gathered.findings.append(f"{known} are in the data set already; not entered again")
    _settle_rates(spec.mixed_rates, rates, gathered)
    run_write(lambda session: _report(session, claim, gathered))
    if not gathered.stored and not gathered.num_known:
        first = next(iter(gathered.errors.values()))
        raise InvalidInputError(
            f"none of the files could be entered ({gathered.num_files}); the first: {first}"
        )
    run_write(lambda session: _enter(session, actor, claim, spec, gathered))


def _gather_all(claim: Claim, sources: Sequence[SourceFile], stated: StatedFacts, gathered: Gathered) -> bool:
    """Read all files, a few at a time; False where the import was cancelled meanwhile."""
    progress, waiting = Progress(claim, len(sources)), deque[Future[list[FileResult]]]()
    with ThreadPoolExecutor(READERS, thread_name_prefix="import") as pool:
        for source in sources:
            # No more in flight than are read at once: a cancelled import reads no further.
            if len(waiting) >= READERS and not _gather(waiting.popleft(), gathered, progress):
                return False
            waiting.append(pool.submit(read_source, source, stated, gathered.stored_before))
        return all(_gather(future, gathered, progress) for future in waiting)


def _gather(future: Future[list[FileResult]], gathered: Gathered, progress: Progress) -> bool:
    for result in future.result():
        gathered.add(result)
    return progress.advance()


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


def _report(session: Session, claim: Claim, gathered: Gathered) -> None:
    row = session.get_one(DatasetImport, claim.row_id)
    row.num_files, row.num_bytes = gathered.num_files, gathered.num_bytes
    row.errors, row.findings, row.num_signals = gathered.errors, gathered.findings, 0


def _enter(session: Session, actor: Actor, claim: Claim, spec: ImportSpec, gathered: Gathered) -> None:
    # First, so that a second try after a commit that went unanswered ends here.
    complete_run(session, claim)
    target = ensure_dataset(session, actor, spec.dataset)
    row = session.get_one(DatasetImport, claim.row_id)
    row.dataset_id = target.id
    row.num_signals = add_signals(session, actor, target, gathered.stored)
    row.progress = 100
    if row.num_signals:
        request_features(session, actor, target)
    delete_uploads(session, spec.uploads)
