"""The manifest: what a backup holds, by name, size and checksum."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from core.errors import InvalidInputError, NotFoundError
from core.storage.id_files import sync_folder

NAME = "manifest.json"
FILES = "files"
ROWS_NAME = re.compile(r"rows-[0-9a-f]{32}\.db")
DRAFT = ".draft"
CHUNK_BYTES = 1 << 20

# What is told while it goes on: what is done, how far, of how much.
OnProgress = Callable[[str, int, int], None]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# No part begins with a dot, so that no name leads out of the folder.
FileName = Annotated[
    str,
    StringConstraints(pattern=r"^(recordings|artifacts|uploads|warehouse)(/[0-9A-Za-z_-][0-9A-Za-z_.-]*)+$"),
]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BackupFile(_Record):
    """One file of the home, by its name there."""

    name: FileName
    size_bytes: int = Field(ge=0)
    sha256: Sha256


class Manifest(_Record):
    """A whole backup."""

    format: Literal[1] = 1
    made_at: datetime
    brinell_version: str
    source: Literal["sqlite", "postgresql"]
    revision: str
    rows_file: Annotated[str, StringConstraints(pattern=rf"^{ROWS_NAME.pattern}$")]
    rows_size_bytes: int = Field(ge=0)
    rows_sha256: Sha256
    rows: dict[str, int]  # by table
    with_files: bool
    files: tuple[BackupFile, ...]
    missing: tuple[str, ...]  # files that rows name and that were not on disk


def find_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a backup's folder, or None where no whole backup lies there."""
    try:
        return Manifest.model_validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "its text"
        raise InvalidInputError(
            f"{folder / NAME} is no manifest that this Brinell reads ({where}: {first['msg']}); "
            "take another backup, or the Brinell that wrote it"
        ) from error


def get_manifest(folder: Path) -> Manifest:
    """Return the manifest of a whole backup."""
    manifest = find_manifest(folder)
    if manifest is None:
        raise NotFoundError(
            f"no whole backup lies in {folder}: it has no {NAME}; name the folder given to brinell db backup"
        )
    return manifest


def keep_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest in its place: with that the backup is there."""
    draft = folder / f".{NAME}{DRAFT}"
    draft.write_text(manifest.model_dump_json(indent=1) + "\n")
    sync_file(draft)
    draft.replace(folder / NAME)
    sync_folder(folder)


def verify(folder: Path, manifest: Manifest, on_progress: OnProgress) -> None:
    """Raise InvalidInputError, naming the first file that is not as the manifest says."""
    expected = [
        (folder / manifest.rows_file, manifest.rows_size_bytes, manifest.rows_sha256),
        *((folder / FILES / file.name, file.size_bytes, file.sha256) for file in manifest.files),
    ]
    total, done = sum(size for _, size, _ in expected), 0
    for path, size, sha256 in expected:
        if not path.is_file():
            raise InvalidInputError(f"{path} is named in {NAME} and is not there; take another backup")
        if (found := path.stat().st_size) != size or (found_sha256 := hash_file(path)) != sha256:
            what = f"{found:,} bytes" if found != size else f"SHA-256 {found_sha256}"
            told = f"{size:,} bytes" if found != size else sha256
            raise InvalidInputError(
                f"{path} was changed since the backup: it has {what}, {NAME} says {told}; take another backup"
            )
        done += size
        on_progress("verify", done, total)


def hash_file(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """Have a written file whole on disk before it gets its name."""
    sync_folder(path)
