from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from core.errors import NoSpaceError, TooLargeError
from core.services.upload_room import Reservation, require_file_size, reserve_bytes, reserving
from core.settings import get_settings
from core.storage import room
from core.storage.database import read_scope

MEBIBYTE = 2**20


@pytest.fixture
def small(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home whose uploads may fill 10 MiB."""
    for name, value in {"QUOTA": "10", "FILE": "4", "RESERVE": "0"}.items():
        monkeypatch.setenv(f"BRINELL_UPLOAD_{name}_MB", value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def two(small: None) -> Iterator[tuple[Reservation, Reservation]]:
    """Two requests that are arriving."""
    with ExitStack() as stack:
        yield stack.enter_context(reserving()), stack.enter_context(reserving())


def take(reservation: Reservation, num_bytes: int) -> None:
    with read_scope() as session:
        reserve_bytes(session, reservation, num_bytes)


def test_two_requests_share_one_quota_to_the_byte(two: tuple[Reservation, Reservation]) -> None:
    first, second = two
    take(first, 4 * MEBIBYTE)
    with pytest.raises(TooLargeError, match="BRINELL_UPLOAD_QUOTA_MB"):
        take(second, 6 * MEBIBYTE + 1)
    take(second, 6 * MEBIBYTE)
    with pytest.raises(TooLargeError):
        take(first, 1)


def test_ended_request_gives_its_room_back(two: tuple[Reservation, Reservation]) -> None:
    with reserving() as ended:
        take(ended, 10 * MEBIBYTE)
    take(two[0], 10 * MEBIBYTE)


def test_disk_keeps_its_reserve_beside_what_is_still_to_be_written(
    two: tuple[Reservation, Reservation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRINELL_UPLOAD_RESERVE_MB", "2")
    get_settings.cache_clear()
    monkeypatch.setattr(room, "free_bytes", lambda _folder: 7 * MEBIBYTE)
    first, second = two
    take(first, 3 * MEBIBYTE)
    with pytest.raises(NoSpaceError, match="BRINELL_UPLOAD_RESERVE_MB"):
        take(second, 2 * MEBIBYTE + 1)
    first.written = MEBIBYTE  # which the disk counts itself
    take(second, 3 * MEBIBYTE)


def test_file_may_have_its_limit_and_no_byte_more(small: None) -> None:
    require_file_size("a.mat", 4 * MEBIBYTE)
    with pytest.raises(TooLargeError, match=r"'a\.mat'.*BRINELL_UPLOAD_FILE_MB"):
        require_file_size("a.mat", 4 * MEBIBYTE + 1)
