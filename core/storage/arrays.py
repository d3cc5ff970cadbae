"""Recordings on disk: content-addressed float32 `.npy` files with their min/max pyramid beside them.

A recording's path, `<aa>/<sha256>.npy`, is relative to the recordings folder. The samples' file is
renamed into place last, so where it exists its pyramid is whole.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotFoundError
from core.settings import get_settings
from core.storage.artifacts import sync_folder
from core.vibration import pyramid

DTYPE = np.dtype("<f4")
PATH_PATTERN = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}\.npy")

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StoredArray:
    """Where a recording lies (relative to the recordings folder) and what it holds."""

    path: str
    checksum: str  # SHA-256 of the samples' bytes, little-endian float32
    num_samples: int


def write(samples: Samples) -> StoredArray:
    """Store float32 samples and their pyramid; what is already stored costs its hash only."""
    checked = _checked(samples, 0)
    checksum = hashlib.sha256(checked.data).hexdigest()
    stored = StoredArray(_path_of(checksum), checksum, len(checked))
    if not (get_settings().recordings_dir / stored.path).exists():
        with _writing() as (file, draft):
            _write_header(file, len(checked))
            file.write(checked.data)
            _finish(file, draft, stored.path, pyramid.build(checked))
    return stored


def write_stream(chunks: Iterable[Samples]) -> StoredArray:
    """Store a record that comes in chunks, never whole in memory, as `write` would store it whole."""
    digest, count = hashlib.sha256(), 0
    with _writing() as (file, draft):
        _write_header(file, 0)
        for chunk in chunks:
            checked = _checked(chunk, count)
            digest.update(checked.data)
            file.write(checked.data)
            count += len(checked)
        if not count:
            raise InvalidInputError("the record holds no samples; at least one is needed")
        file.seek(0)
        _write_header(file, count)  # numpy pads the header, so its length does not depend on the count
        stored = StoredArray(_path_of(digest.hexdigest()), digest.hexdigest(), count)
        if not (get_settings().recordings_dir / stored.path).exists():
            file.flush()
            samples = np.load(draft, mmap_mode="r", allow_pickle=False)
            _finish(file, draft, stored.path, pyramid.build(samples))
    return stored


def open_samples(path: str) -> np.memmap[tuple[int], np.dtype[np.float32]]:
    """Open a stored recording as a read-only memory map of (num_samples,) float32."""
    return _open(_located(path))


def open_levels(path: str) -> list[NDArray[np.float32]]:
    """Open a stored recording's pyramid, finest level first, as read-only memory maps."""
    located, levels = _located(path), list[NDArray[np.float32]]()
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
        opened: np.memmap[tuple[int], np.dtype[np.float32]] = np.load(file, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise NotFoundError(f"recording {file} is not on disk; import or generate it again") from error
    return opened


@contextmanager
def _writing() -> Iterator[tuple[IO[bytes], Path]]:
    """Hand out an open draft in the recordings folder; what is not renamed away is removed."""
    folder = get_settings().recordings_dir
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{uuid.uuid4().hex}.draft"
    try:
        with draft.open("xb") as file:
            yield file, draft
    finally:
        draft.unlink(missing_ok=True)


def _write_header(file: IO[bytes], num_samples: int) -> None:
    np.lib.format.write_array_header_1_0(
        file, {"descr": DTYPE.str, "fortran_order": False, "shape": (num_samples,)}
    )


def _finish(file: IO[bytes], draft: Path, path: str, levels: list[NDArray[np.float32]]) -> None:
    """Move the pyramid, then the samples into place, each whole on disk before it gets its name."""
    target = get_settings().recordings_dir / path
    if not target.parent.exists():
        target.parent.mkdir(exist_ok=True)
        sync_folder(target.parent.parent)
    for number, level in enumerate(levels):
        with _writing() as (level_file, level_draft):
            np.save(level_file, level, allow_pickle=False)
            _sync(level_file)
            level_draft.replace(_level_file(target, number))
    _sync(file)
    draft.replace(target)
    sync_folder(target.parent)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
