"""What the reader process and the one that asks it say to each other, over a socket between the two.

A frame is four bytes of length and that much JSON; samples follow their frame as bare little-endian float32,
a member of an archive as its bare bytes. The asked file comes as an open descriptor beside the request. What
comes back is checked as if a stranger had written it: the file may have taken the reader over.
"""

import socket
import struct
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from core.specs import StatedFacts
from core.storage.readers import limits

LENGTH = struct.Struct("<I")
FRAME_BYTES = 1 << 20
CHUNK_BYTES = 1 << 20  # of what follows a frame

Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=limits.NAME_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$"),
]
Message = Annotated[str, StringConstraints(max_length=4000)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, lt=1e12, allow_inf_nan=False)]


class Frame(BaseModel):
    """One message; nothing is converted and nothing unknown let through."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Asking(Frame):
    """What is asked of an opened file, whatever it holds."""

    name: str  # of the file, as people know it


class Request(Asking):
    """What is asked of a file of recordings."""

    act: Literal["read", "list", "unpack"]
    stated: StatedFacts = StatedFacts()
    member: int = 0  # of an archive, by its place


class Ready(Frame):
    """The reader has loaded its libraries and set its limits."""

    kind: Literal["ready"] = "ready"


class Refused(Frame):
    """The file is not read, and why."""

    kind: Literal["refused"] = "refused"
    message: Message


class Done(Frame):
    """Nothing more comes for this request."""

    kind: Literal["done"] = "done"


class Member(Frame):
    """One file of an archive."""

    kind: Literal["member"] = "member"
    name: Text
    place: Annotated[int, Field(ge=0, le=limits.VARIABLES)]


class Content(Frame):
    """Some bytes of a member follow."""

    kind: Literal["content"] = "content"
    num_bytes: Annotated[int, Field(ge=0, le=CHUNK_BYTES)]


class Channel(Frame):
    """What is known of one channel, whose samples follow."""

    kind: Literal["channel"] = "channel"
    num_samples: Annotated[int, Field(ge=1, le=limits.VARIABLE_BYTES)]
    rms: Number | None
    kurtosis: Number | None
    dominant_frequency: Number | None
    record: Text
    channel: Text
    rate_hz: Positive
    fault_class: Text
    severity: Text
    unit: Text | None
    rpm: Positive | None
    load: Text | None
    bearing_model: Text | None
    bearing_id: Text | None
    machine_id: Text | None
    source_file: Text | None
    meta_data: dict[Text, Any]
    findings: Annotated[tuple[Message, ...], Field(max_length=20)]


Answer = Ready | Refused | Done | Member | Content | Channel
ANSWERS: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])


def send_frame(connection: socket.socket, frame: Frame, file: int | None = None) -> None:
    """Send one message, an open file beside it."""
    body = frame.model_dump_json().encode()
    data = LENGTH.pack(len(body)) + body
    if file is None:
        connection.sendall(data)
    else:
        sent = socket.send_fds(connection, [data], [file])
        connection.sendall(data[sent:])


def receive_into(connection: socket.socket, view: memoryview) -> bool:
    """Fill a buffer; False where the other side is gone."""
    place = 0
    while place < len(view):
        count = connection.recv_into(view[place:])
        if not count:
            return False
        place += count
    return True
