"""The files of a home, copied into a backup and out of it; none ever changes, so equal ones stay."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from core.settings import Settings
from core.storage.backups.manifest import (
    CHUNK_BYTES,
    DRAFT,
    FILES,
    BackupFile,
    Manifest,
    OnProgress,
    hash_file,
)
from core.storage.id_files import sync_folders
from core.storage.leftovers import holding


def _folders(settings: Settings) -> dict[str, Path]:
    return {
        "recordings": settings.recordings_dir,
        "artifacts": settings.artifacts_dir,
        "uploads": settings.uploads_dir,
        "warehouse": settings.warehouse_dir,
    }


def copy_out(
    settings: Settings, folder: Path, earlier: Manifest | None, on_progress: OnProgress
) -> tuple[BackupFile, ...]:
    """Copy the home's files that the backup's folder lacks; return all it holds of the home now."""
    known = {file.name: file for file in earlier.files} if earlier else {}
    found = list(_list_files(settings))
    kept, changed = [], set[Path]()
    total, done = sum(size for _, _, size in found), 0
    for name, source, size in found:
        target = folder / FILES / name
        if _is_there(target, size):
            file = known.get(name)
            kept.append(file or BackupFile(name=name, size_bytes=size, sha256=hash_file(target)))
        elif (sha256 := _copy(source, target)) is not None:
            kept.append(BackupFile(name=name, size_bytes=target.stat().st_size, sha256=sha256))
            changed.add(target.parent)
        done += size
        on_progress("files", done, total)
    sync_folders(changed)
    return tuple(kept)


def copy_in(settings: Settings, folder: Path, manifest: Manifest, on_progress: OnProgress) -> None:
    """Copy a verified backup's files that the home lacks, or has with other bytes."""
    folders, changed = _folders(settings), set[Path]()
    total, done = sum(file.size_bytes for file in manifest.files), 0
    for file in manifest.files:
        top, _, rest = file.name.partition("/")
        target = folders[top] / rest
        if not _is_kept(target, file):
            _copy(folder / FILES / file.name, target)
            changed.add(target.parent)
        done += file.size_bytes
        on_progress("files", done, total)
    sync_folders(changed)


def prune(folder: Path, manifest: Manifest) -> None:
    """Remove from a backup's folder the files that its manifest does not name."""
    named = {file.name for file in manifest.files}
    for path in (folder / FILES).rglob("*"):
        if path.is_file() and path.relative_to(folder / FILES).as_posix() not in named:
            path.unlink()


def _list_files(settings: Settings) -> Iterator[tuple[str, Path, int]]:
    for top, folder in _folders(settings).items():
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            is_draft = path.suffix == DRAFT or any(part.startswith(".") for part in parts)
            if path.is_file() and not path.is_symlink() and not is_draft:
                yield "/".join((top, *parts)), path, path.stat().st_size


def _is_there(target: Path, size: int) -> bool:
    return target.is_file() and not target.is_symlink() and target.stat().st_size == size


def _is_kept(target: Path, file: BackupFile) -> bool:
    """Tell whether the home has a file; where it does, nobody tidies it away before its row is there."""
    if not _is_there(target, file.size_bytes):
        return False
    try:
        with holding(target.parent):
            os.utime(target)
        return hash_file(target) == file.sha256
    except FileNotFoundError:
        return False


def _copy(source: Path, target: Path) -> str | None:
    """Copy a file under a temporary name, then rename; None where a run has removed it meanwhile."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft, digest = target.with_name(f".{target.name}{DRAFT}"), hashlib.sha256()
    try:
        with source.open("rb") as reading, draft.open("wb") as writing:
            while chunk := reading.read(CHUNK_BYTES):
                digest.update(chunk)
                writing.write(chunk)
            writing.flush()
            os.fsync(writing.fileno())
        draft.replace(target)
    except FileNotFoundError:
        if source.exists():
            raise
        return None
    finally:
        draft.unlink(missing_ok=True)
    return digest.hexdigest()
