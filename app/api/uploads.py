"""Uploads: files sent to be imported, streamed to the disk; what waits there, and its deletion."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.api.multipart import Form, FormReader, read_boundary
from app.identity import current_actor
from core.errors import (
    BrinellError,
    ConflictError,
    DatabaseUnavailableError,
    DiskError,
    ForbiddenError,
    InvalidInputError,
    NoSpaceError,
    NotFoundError,
    TooLargeError,
)
from core.queries.uploads import get_room, list_uploads
from core.services.upload_room import Reservation, require_file_size, reserve_bytes, reserving
from core.services.uploads import (
    ArrivedFile,
    add_uploads,
    delete_upload,
    request_upload_import,
)
from core.specs import ImportSpec, MixedRates, StatedFacts
from core.storage.database import read_scope, session_scope
from core.storage.uploads import Batch

STATED = frozenset(StatedFacts.model_fields)
FIELDS = frozenset({"dataset", "mixed_rates"}) | STATED
PIECE_BYTES = 256 * 2**10  # held in memory for each request
ENVELOPE_BYTES = 4_096  # of a form that need not be any file's
STALLED_S = 60.0
STATUS: dict[type[BrinellError], int] = {  # the first that fits
    TooLargeError: 413,
    NoSpaceError: 507,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    InvalidInputError: 400,
    DatabaseUnavailableError: 503,
    DiskError: 503,
}

logger = structlog.get_logger(__name__)
router = APIRouter(prefix="/uploads", tags=["uploads"])


@router.post("", status_code=201)
async def receive_uploads(request: Request) -> JSONResponse:
    """Store the files of a form, all or none, and import them where it names a data set."""
    with reserving() as reservation:
        arrival = _Arrival(request, reservation)
        try:
            with _told_as_answer():
                await run_in_threadpool(arrival.open)
                async for piece in _pieces(request):
                    await run_in_threadpool(arrival.feed, piece)
                return JSONResponse(await run_in_threadpool(arrival.settle), 201)
        finally:
            if not arrival.is_settled:
                await run_in_threadpool(arrival.batch.discard)


@router.get("")
def show_uploads() -> dict[str, Any]:
    """Return what waits on disk, newest first, and how much may."""
    with read_scope() as session:
        rows, room = list_uploads(session), get_room(session)
    return {"uploads": [asdict(row) for row in rows], **asdict(room)}


@router.delete("/{upload_id}", status_code=204)
def remove_upload(upload_id: str) -> None:
    """Delete an upload that no import is reading."""
    with _told_as_answer(), session_scope() as session:
        delete_upload(session, current_actor(via="api"), upload_id)


class _Arrival:
    """One request on its way to the disk; every method blocks, and runs in a thread."""

    def __init__(self, request: Request, reservation: Reservation) -> None:
        self.batch, self.is_settled = Batch(), False
        self._headers, self._reservation = request.headers, reservation
        self._reader: FormReader | None = None

    def open(self) -> None:
        """Refuse by the headers alone what can be refused so, and take the room that they ask for."""
        boundary = read_boundary(self._headers.get("content-type", ""))
        if boundary is None:
            raise _answer(415, "uploads are sent as multipart/form-data, as a browser or curl -F does")
        self._reader = FormReader(boundary, FIELDS, self.batch, self._expect)
        told = int(self._headers.get("content-length", 0))
        with read_scope() as session:
            reserve_bytes(session, self._reservation, max(0, told - ENVELOPE_BYTES))

    def feed(self, piece: bytes) -> None:
        """Write the next piece."""
        self._reader.feed(piece)

    def settle(self) -> dict[str, Any]:
        """Keep the files, enter their rows, and request the import."""
        form = self._reader.finish()
        if not form.files:
            raise InvalidInputError("the form holds no file; choose at least one")
        spec = _import_spec(form)
        self.batch.keep()
        files = [ArrivedFile(d.upload_id, name, d.size, d.sha256) for name, d in form.files]
        actor = current_actor(via="api")
        with session_scope() as session:
            rows = add_uploads(session, actor, files)
            requested = request_upload_import(session, actor, spec) if spec else None
        self.is_settled = True
        shown = ("id", "name", "size_bytes", "sha256")
        return {
            "uploads": [{key: getattr(row, key) for key in shown} for row in rows],
            "import_id": requested.id if requested else None,
        }

    def _expect(self, name: str, size: int, more: int) -> None:
        require_file_size(name, size + more)
        reservation = self._reservation
        if reservation.written + more > reservation.taken:
            with read_scope() as session:
                reserve_bytes(session, reservation, reservation.written + more - reservation.taken)
        reservation.written += more


def _import_spec(form: Form) -> ImportSpec | None:
    """Return the import that the form's fields ask for; None where they ask for none."""
    if not form.fields:
        return None
    asked: dict[str, Any] = {name: value for name, value in form.fields.items() if name not in STATED}
    asked["stated"] = {name: form.fields[name] for name in STATED & set(form.fields)}
    asked["uploads"] = tuple(draft.upload_id for _, draft in form.files)
    try:
        return ImportSpec.model_validate(asked)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidInputError(
            f"these fields ask for no import: {told}; give dataset=NAME, and mixed_rates one of "
            f"{', '.join(MixedRates)}"
        ) from error


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """Gather what the network brings into pieces worth a turn of a thread."""
    piece, stream = bytearray(), aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(STALLED_S):
                piece += await anext(stream)
        except StopAsyncIteration:
            break
        except TimeoutError as error:
            raise _answer(408, f"nothing arrived for {STALLED_S:.0f} s; send the files again") from error
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


@contextmanager
def _told_as_answer() -> Iterator[None]:
    """Turn our errors into answers. Each ends the connection: the rest of a refused form is not read."""
    try:
        yield
    except ClientDisconnect as error:
        logger.info("upload_broken_off")
        raise _answer(400, "the connection ended before the form did") from error
    except BrinellError as error:
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
        raise _answer(status, str(error)) from error


def _answer(status: int, words: str) -> HTTPException:
    return HTTPException(status, words, headers={"connection": "close"})
