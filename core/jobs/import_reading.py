"""Read one file of an import: its channels to the store, or the reason why not."""

import hashlib
import os
from collections.abc import Iterator, Set
from dataclasses import dataclass, fields
from pathlib import PurePath
from tempfile import TemporaryFile
from typing import IO

import structlog

from core.errors import InvalidInputError, UnreadableFileError
from core.jobs.import_sources import SourceFile
from core.jobs.recordings import NO_SAMPLES, store_stream
from core.services.datasets import StoredRecording
from core.settings import get_settings
from core.specs import Recording, StatedFacts
from core.storage.plain_files import open_plain
from core.storage.readers import ARCHIVES, limits
from core.storage.readers.protocol import Channel, Member
from core.storage.reading import Samples, borrow_reader
from core.vibration.features import Features

logger = structlog.get_logger(__name__)

OF_CHANNEL = tuple(field.name for field in fields(Recording) if field.name not in {"samples", "meta_data"})


@dataclass(frozen=True, slots=True)
class FileResult:
    """What one file gave: its content's hash and its channels, or why it was refused."""

    name: str
    num_bytes: int
    digest: str | None = None
    stored: tuple[StoredRecording, ...] = ()
    error: str | None = None


def read_source(source: SourceFile, stated: StatedFacts, stored_before: Set[str]) -> list[FileResult]:
    """Read a file, or each file of an archive; what cannot be read tells why."""
    shown = limits.printable(source.name)
    try:
        with _open(source) as file:
            if PurePath(source.name).suffix.lower() not in ARCHIVES:
                return [_read(file, source.name, shown, stated, stored_before)]
            return list(_read_members(file, source.name, stated, stored_before))
    except InvalidInputError as error:
        return [_refused(shown, error)]


def _open(source: SourceFile) -> IO[bytes]:
    limits.check_name(limits.printable(source.name), "the file", PurePath(source.name).name)
    return open_plain(source.path, source.name, "split it at its source")


def _read(file: IO[bytes], name: str, shown: str, stated: StatedFacts, stored_before: Set[str]) -> FileResult:
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # it takes any such file
    size = os.fstat(file.fileno()).st_size
    if digest in stored_before:
        return FileResult(shown, size, digest)
    try:
        with borrow_reader(size) as reader:
            channels = reader.read(file, name, stated)
            stored = tuple(_store(channel, samples, digest) for channel, samples in channels)
    except InvalidInputError as error:
        return _refused(shown, error, size)
    return FileResult(shown, size, digest, stored)


def _read_members(
    file: IO[bytes], name: str, stated: StatedFacts, stored_before: Set[str]
) -> Iterator[FileResult]:
    """Read each file of an archive from a file of our own that has no name."""
    with borrow_reader(0) as reader:
        members = reader.list_members(file, name)
    if not members:
        raise UnreadableFileError(f"{name} holds no file; pack recordings into it")
    folder = get_settings().recordings_dir
    folder.mkdir(parents=True, exist_ok=True)
    for member in members:
        shown = f"{name}: {member.name}"
        with TemporaryFile(dir=folder) as target:
            try:
                _unpack(file, name, member, target)
                yield _read(target, member.name, shown, stated, stored_before)
            except InvalidInputError as error:
                yield _refused(shown, error)


def _unpack(file: IO[bytes], name: str, member: Member, target: IO[bytes]) -> None:
    with borrow_reader(0) as reader:
        reader.unpack(file, name, member, target)
    target.seek(0)


def _store(channel: Channel, samples: Iterator[Samples], digest: str) -> StoredRecording:
    recording = Recording(
        **{name: getattr(channel, name) for name in OF_CHANNEL},
        samples=NO_SAMPLES,
        meta_data={**channel.meta_data, "source_sha256": digest},
    )
    features = Features(channel.rms, channel.kurtosis, channel.dominant_frequency)
    return store_stream(recording, features, samples, channel.num_samples)


def _refused(shown: str, error: InvalidInputError, num_bytes: int = 0) -> FileResult:
    # The import's row tells whoever asked.
    logger.info("file_refused", file=shown, reason=str(error))
    return FileResult(shown, num_bytes, error=limits.printable(str(error)))
