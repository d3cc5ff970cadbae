import hashlib

import pytest

from core.errors import InvalidInputError, NotFoundError, UnreadableFileError
from core.storage import artifacts


def test_kept_file_has_its_checksum_and_size(home):
    with artifacts.writing() as draft:
        draft.path.write_bytes(b"weights")
    assert draft.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert draft.size == 7
    path = artifacts.path_of(draft.artifact_id)
    assert path == home / "artifacts" / draft.artifact_id[:2] / draft.artifact_id
    assert path.read_bytes() == b"weights"


def test_failed_write_leaves_nothing(home):
    writing = artifacts.writing()
    draft = writing.__enter__()
    draft.path.write_bytes(b"half")
    assert not writing.__exit__(RuntimeError, RuntimeError("diverged"), None)
    assert [path for path in home.rglob("*") if path.is_file()] == []
    with pytest.raises(NotFoundError, match=draft.artifact_id):
        artifacts.path_of(draft.artifact_id)


def test_deleted_file_is_gone_and_may_be_deleted_again(home):
    with artifacts.writing() as draft:
        draft.path.write_bytes(b"x")
    artifacts.delete(draft.artifact_id)
    artifacts.delete(draft.artifact_id)
    with pytest.raises(NotFoundError):
        artifacts.path_of(draft.artifact_id)


@pytest.mark.parametrize(
    "artifact_id", ["../../brinell.db", "", "A" * 32, "0" * 31, "0" * 32 + "\n", "/etc/passwd"]
)
def test_no_path_can_be_smuggled_in(home, artifact_id):
    for act in (artifacts.path_of, artifacts.delete):
        with pytest.raises(InvalidInputError, match="not an artifact's id"):
            act(artifact_id)


def test_file_is_whole_only_with_every_bit_of_its_row(home):
    content = bytes(range(40))
    with artifacts.writing() as draft:
        draft.path.write_bytes(content)
    row = (draft.artifact_id, draft.size, draft.sha256)
    path = artifacts.path_of(draft.artifact_id)
    assert artifacts.get_whole(*row) == path
    for bit in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(UnreadableFileError, match="SHA-256 of artifact"):
            artifacts.get_whole(*row)
    for other in (content[:-1], content + b"\0", b""):
        path.write_bytes(other)
        with pytest.raises(UnreadableFileError, match=f"has {len(other)} bytes, and its row says 40"):
            artifacts.get_whole(*row)
    path.unlink()
    with pytest.raises(NotFoundError):
        artifacts.get_whole(*row)
