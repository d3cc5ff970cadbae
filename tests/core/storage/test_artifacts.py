import hashlib

import pytest

from core.errors import InvalidInputError, NotFoundError
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
