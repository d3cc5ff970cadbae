"""Room for uploads: what is arriving is counted before it is stored, so that two cannot share a last byte."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.errors import NoSpaceError, TooLargeError
from core.queries.uploads import MEBIBYTE, UploadRoom, get_room
from core.settings import get_settings
from core.storage import uploads


@dataclass(slots=True, eq=False)
class Reservation:
    """What one request may write, and what of it is on the disk already."""

    taken: int = 0
    written: int = 0


# Those of this process; the rows, which are written under a lock, settle it between processes.
_lock = threading.Lock()
_reservations: set[Reservation] = set()


@contextmanager
def reserving() -> Iterator[Reservation]:
    """Count what a request takes for as long as it lasts."""
    reservation = Reservation()
    with _lock:
        _reservations.add(reservation)
    try:
        yield reservation
    finally:
        with _lock:
            _reservations.discard(reservation)


def reserve_bytes(session: Session, reservation: Reservation, num_bytes: int) -> None:
    """Take room for that many more bytes, or raise where quota or disk have none."""
    with _lock:
        arriving = sum(other.taken for other in _reservations)
        require_quota(get_room(session), arriving, num_bytes)
        unwritten = sum(max(0, other.taken - other.written) for other in _reservations)
        _require_disk(uploads.free_bytes() - unwritten, num_bytes)
        reservation.taken += num_bytes


def require_quota(room: UploadRoom, arriving: int, num_bytes: int) -> None:
    """Refuse bytes for which the quota has no room beside what is stored and what is arriving."""
    if room.used_bytes + arriving + num_bytes > room.quota_bytes:
        raise TooLargeError(
            f"{num_bytes:,} more bytes of uploads do not fit: {room.used_bytes:,} are stored and "
            f"{arriving:,} are arriving, of {room.quota_bytes:,} (BRINELL_UPLOAD_QUOTA_MB); import or delete "
            "what waits, or read the files where they lie: brinell import PATH --dataset NAME"
        )


def require_file_size(name: str, num_bytes: int) -> None:
    """Refuse a file that no reader would take."""
    most = get_settings().upload_file_mb * MEBIBYTE
    if num_bytes > most:
        raise TooLargeError(
            f"{name[:80]!r} has more than {most:,} bytes, and a file may have {most:,} "
            "(BRINELL_UPLOAD_FILE_MB); split it at its source"
        )


def _require_disk(free: int, num_bytes: int) -> None:
    reserve = get_settings().upload_reserve_mb * MEBIBYTE
    if free - num_bytes < reserve:
        raise NoSpaceError(
            f"{num_bytes:,} more bytes would leave {max(0, free - num_bytes):,} free on the disk of "
            f"{get_settings().uploads_dir}, and {reserve:,} stay free (BRINELL_UPLOAD_RESERVE_MB); "
            "make room there"
        )
