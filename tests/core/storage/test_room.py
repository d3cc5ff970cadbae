import errno

import pytest
from safetensors import SafetensorError

from core.errors import DiskError, NoSpaceError
from core.storage.room import RESERVE_BYTES, taking_room


def test_what_fits_is_let_through(tmp_path):
    with taking_room(tmp_path / "not" / "made", 1000):
        pass


@pytest.mark.parametrize("num_bytes", [0, 1000])
def test_room_below_the_reserve_is_refused_with_both_figures(tmp_path, monkeypatch, num_bytes):
    monkeypatch.setattr("core.storage.room.free_bytes", lambda _folder: RESERVE_BYTES + num_bytes - 1)
    told = pytest.raises(
        NoSpaceError, match=r"16\.8 MB are free.* the 17 MB kept for the database; make room"
    )
    with told, taking_room(tmp_path, num_bytes):
        raise AssertionError("not reached")


def test_room_that_somebody_is_writing_to_is_not_given_twice(tmp_path, monkeypatch):
    mb = 10**6
    monkeypatch.setattr("core.storage.room.free_bytes", lambda _folder: RESERVE_BYTES + 15 * mb)
    with taking_room(tmp_path, 10 * mb):
        told = pytest.raises(NoSpaceError, match=r"of which 10\.0 MB are for .* and 9\.0 MB are needed")
        with told, taking_room(tmp_path / "beside", 9 * mb):
            raise AssertionError("not reached")
        with taking_room(tmp_path, 5 * mb):
            pass
    with pytest.raises(ValueError, match="written"), taking_room(tmp_path, 15 * mb):
        raise ValueError("written")
    with taking_room(tmp_path, 15 * mb):  # what failed is no longer on its way
        pass


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_disk_that_fills_meanwhile_is_told_by_its_folder(tmp_path, error):
    with pytest.raises(NoSpaceError, match=f"no room is left at {tmp_path}"), taking_room(tmp_path):
        raise error


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EIO, "Input/output error"), SafetensorError("I/O error: Input/output error (os error 5)")],
)
def test_disk_that_refuses_a_write_is_told_with_its_folder_and_the_next_step(tmp_path, error):
    told = pytest.raises(DiskError, match=f"{tmp_path} cannot be written to: Input/output error; look at the")
    with told, taking_room(tmp_path):
        raise error


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "no such file"), ValueError("28")])
def test_any_other_error_passes_as_it_is(tmp_path, error):
    with pytest.raises(type(error)), taking_room(tmp_path):
        raise error
