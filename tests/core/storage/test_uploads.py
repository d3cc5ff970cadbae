import hashlib
import os
from pathlib import Path

import pytest

from core.errors import InvalidInputError, NotFoundError
from core.storage import uploads


def arrive(batch: uploads.Batch, *chunks: bytes) -> uploads.Draft:
    """Let one file of a batch arrive."""
    draft = batch.begin()
    for chunk in chunks:
        draft.write(memoryview(chunk))
    draft.finish()
    return draft


def files(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file())


def test_kept_file_lies_under_its_id_with_its_checksum_and_size(home: Path) -> None:
    batch = uploads.Batch()
    draft = arrive(batch, b"vib", b"ration")
    batch.keep()

    assert (draft.size, draft.sha256) == (9, hashlib.sha256(b"vibration").hexdigest())
    assert uploads.path_of(draft.upload_id) == home / "uploads" / draft.upload_id[:2] / draft.upload_id
    assert uploads.path_of(draft.upload_id).read_bytes() == b"vibration"


def test_empty_file_is_kept_too(home: Path) -> None:
    batch = uploads.Batch()
    draft = arrive(batch)
    batch.keep()
    assert uploads.path_of(draft.upload_id).read_bytes() == b""


def test_nothing_stands_under_its_id_before_all_of_the_batch_has_arrived(home: Path) -> None:
    batch = uploads.Batch()
    first = arrive(batch, b"whole")
    batch.begin().write(memoryview(b"half"))
    with pytest.raises(NotFoundError, match="send it again"):
        uploads.path_of(first.upload_id)
    batch.discard()


@pytest.mark.parametrize("kept", [False, True])
def test_discarded_batch_leaves_no_file(home: Path, kept: bool) -> None:
    batch = uploads.Batch()
    arrive(batch, b"whole")
    if kept:
        batch.keep()
    batch.begin().write(memoryview(b"half"))
    batch.discard()
    assert files(home) == []


def test_files_and_their_folders_are_synced_before_and_after_the_rename(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def note(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        real(handle)

    monkeypatch.setattr(os, "fsync", note)
    batch = uploads.Batch()
    draft = arrive(batch, b"x")
    batch.keep()
    folder = home / "uploads" / draft.upload_id[:2]
    assert synced == [f"{folder / draft.upload_id}.draft", str(folder), str(home / "uploads")]


def test_deleted_file_is_gone_and_may_be_deleted_again(home: Path) -> None:
    batch = uploads.Batch()
    draft = arrive(batch, b"x")
    batch.keep()
    uploads.delete(draft.upload_id)
    uploads.delete(draft.upload_id)
    with pytest.raises(NotFoundError, match=draft.upload_id):
        uploads.path_of(draft.upload_id)


@pytest.mark.parametrize(
    "upload_id", ["../../brinell.db", "", "A" * 32, "0" * 31, "0" * 32 + "\n", "/etc/passwd"]
)
def test_no_path_can_be_smuggled_in(home: Path, upload_id: str) -> None:
    for act in (uploads.path_of, uploads.delete):
        with pytest.raises(InvalidInputError, match="not an upload's id"):
            act(upload_id)
