"""Recordings on disk: content-addressed float32 `.npy` files with their min/max pyramid beside them.

A recording's path, `<aa>/<sha256>.npy`, is relative to the recordings folder. The samples' file is
renamed into place last, so where it exists its pyramid is whole. Files that no row names are removed some
day after they were last written; a recording that is found stored is touched, and so counts as written.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotFoundError, UnreadableFileError
from core.settings import get_settings
from core.storage.id_files import sync_folder
from core.storage.leftovers import holding
from core.storage.room import taking_room
from core.vibration import pyramid

DTYPE = np.dtype("<f4")
PATH_PATTERN = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}\.npy")

SHORT = 12  # digits of a checksum that tell recordings apart in words

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StoredArray:
    """Where a recording lies (relative to the recordings folder) and what it holds."""

    path: str
    checksum: str  # SHA-256 of the samples' bytes, little-endian float32
    num_samples: int


class StoredSamples:
    """A record on disk, read stretch by stretch: what is mapped counts as this process's memory."""

    def __init__(self, file: Path, num_samples: int) -> None:
        self._file, self._num_samples = file, num_samples
        self._offset = file.stat().st_size - num_samples * DTYPE.itemsize

    def __len__(self) -> int:
        return self._num_samples

    def __getitem__(self, stretch: slice, /) -> Samples:
        start, stop, _ = stretch.indices(self._num_samples)
        place = self._offset + start * DTYPE.itemsize
        try:
            read = np.fromfile(self._file, DTYPE, stop - start, offset=place)
        except FileNotFoundError as error:
            raise _gone(self._file) from error
        if len(read) < stop - start:
            raise _damaged(self._file)
        return read


def write(samples: Samples) -> StoredArray:
    """Store float32 samples and their pyramid; what is already stored costs its hash only."""
    checked = _checked(samples, 0)
    checksum = hashlib.sha256(checked.data).hexdigest()
    stored = StoredArray(_path_of(checksum), checksum, len(checked))
    if not _touch(stored.path):
        with _writing(_room_for(len(checked))) as (file, draft):
            _write_header(file, (len(checked),))
            file.write(checked.data)
            _finish(file, draft, stored.path, pyramid.build(checked))
    return stored


def write_stream(chunks: Iterable[Samples], expected_samples: int = 0) -> StoredArray:
    """Store a record that comes in chunks, never whole in memory, as `write` would store it whole."""
    digest, count = hashlib.sha256(), 0
    with _writing(_room_for(expected_samples)) as (file, draft):
        _write_header(file, (0,))
        for chunk in chunks:
            checked = _checked(chunk, count)
            digest.update(checked.data)
            file.write(checked.data)
            count += len(checked)
        if not count:
            raise InvalidInputError("the record holds no samples; at least one is needed")
        file.seek(0)
        _write_header(file, (count,))  # numpy pads the header, so its length does not depend on the count
        stored = StoredArray(_path_of(digest.hexdigest()), digest.hexdigest(), count)
        if not _touch(stored.path):
            file.flush()
            _finish(file, draft, stored.path, pyramid.build(StoredSamples(draft, count)))
    return stored


def open_samples(path: str) -> np.memmap[tuple[int], np.dtype[np.float32]]:
    """Open a stored recording as a read-only memory map of (num_samples,) float32."""
    return _open(_located(path))


def open_record(path: str) -> tuple[StoredSamples, Sequence[NDArray[np.float32]]]:
    """Open a stored recording for reading here and there, with its pyramid, and remember it."""
    located = _located(path)
    try:
        there = located.stat()
    except FileNotFoundError as error:
        raise _gone(located) from error
    return _open_record(located, there.st_ino, there.st_size)


@lru_cache(maxsize=64)  # a recording's path is its content's: only another file, or a cut one, is opened anew
def _open_record(
    located: Path, _file_number: int, _num_bytes: int
) -> tuple[StoredSamples, Sequence[NDArray[np.float32]]]:
    return StoredSamples(located, len(_open(located))), tuple(_open_levels(located))


def open_levels(path: str) -> list[NDArray[np.float32]]:
    """Open a stored recording's pyramid, finest level first, as read-only memory maps."""
    return _open_levels(_located(path))


def _open_levels(located: Path) -> list[NDArray[np.float32]]:
    levels = list[NDArray[np.float32]]()
    while (file := _level_file(located, len(levels))).exists():
        levels.append(_open(file))
    return levels


def _checked(samples: Samples, offset: int) -> Samples:
    if samples.dtype != DTYPE or samples.ndim != 1 or not (len(samples) or offset):
        raise InvalidInputError(
            f"samples are {samples.dtype} of shape {samples.shape}; "
            "a recording is one channel, float32 of shape (num_samples,), with at least one sample"
        )
    finite = np.isfinite(samples)
    if not finite.all():
        bad = np.flatnonzero(~finite)
        raise InvalidInputError(
            f"{len(bad)} of {len(samples)} samples are not finite, the first ({samples[bad[0]]}) at sample "
            f"{offset + bad[0]}; cut the record there or mend the source, then store it again"
        )
    return np.ascontiguousarray(samples)


def _path_of(checksum: str) -> str:
    return f"{checksum[:2]}/{checksum}.npy"


def _located(path: str) -> Path:
    if not PATH_PATTERN.fullmatch(path):
        raise InvalidInputError(f"{path!r} is not the path of a recording, <aa>/<sha256>.npy")
    return get_settings().recordings_dir / path


def _level_file(samples_file: Path, level: int) -> Path:
    return samples_file.with_suffix(f".p{pyramid.bin_samples(level)}.npy")


def _open(file: Path) -> np.memmap[tuple[int], np.dtype[np.float32]]:
    try:
        opened: np.memmap[tuple[int], np.dtype[np.float32]] = np.lib.format.open_memmap(file, mode="r")
    except FileNotFoundError as error:
        raise _gone(file) from error
    except (ValueError, OverflowError) as error:  # no header, a cut one, or more samples than bytes
        raise _damaged(file) from error
    if opened.dtype != DTYPE or opened.offset + opened.nbytes != file.stat().st_size:
        raise _damaged(file)
    return opened


def _gone(file: Path) -> NotFoundError:
    return NotFoundError(f"recording {file.name[:SHORT]} is not on disk; import or generate it again")


def _damaged(file: Path) -> UnreadableFileError:
    return UnreadableFileError(
        f"recording {file.name[:SHORT]} is damaged on disk: it does not hold what its header states; "
        "bring it back from a backup"
    )


def _touch(path: str) -> bool:
    """Tell whether a recording is stored; where it is, nobody removes it before its row can be written."""
    target = get_settings().recordings_dir / path
    try:
        with holding(target.parent):
            os.utime(target)
    except FileNotFoundError:
        return False
    return True


def _room_for(num_samples: int) -> int:
    # A pyramid's levels together hold two numbers for each 192 samples.
    return num_samples * DTYPE.itemsize * 97 // 96


@contextmanager
def _writing(num_bytes: int = 0) -> Iterator[tuple[IO[bytes], Path]]:
    """Hand out an open draft in the recordings folder; what is not renamed away is removed."""
    folder = get_settings().recordings_dir
    draft = folder / f".{uuid.uuid4().hex}.draft"
    with taking_room(folder, num_bytes):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("xb") as file:
                yield file, draft
        finally:
            draft.unlink(missing_ok=True)


def _write_header(file: IO[bytes], shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": DTYPE.str, "fortran_order": False, "shape": shape})


def _finish(file: IO[bytes], draft: Path, path: str, levels: list[NDArray[np.float32]]) -> None:
    """Move the pyramid, then the samples into place, each whole on disk before it gets its name."""
    target = get_settings().recordings_dir / path
    if not target.parent.exists():
        target.parent.mkdir(exist_ok=True)
        sync_folder(target.parent.parent)
    _sync(file)
    # Nobody takes an old pyramid of the same samples for a leftover while it gets its recording back.
    with holding(target.parent):
        for number, level in enumerate(levels):
            with _writing() as (level_file, level_draft):
                # Not by np.save: libc, which writes for it, does not say why it could not.
                _write_header(level_file, level.shape)
                level_file.write(np.ascontiguousarray(level).data)
                _sync(level_file)
                level_draft.replace(_level_file(target, number))
        draft.replace(target)
    sync_folder(target.parent)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
