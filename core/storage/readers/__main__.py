"""The process that reads recordings from outside: `python -m core.storage.readers`.

The one that asks is `core.storage.reading`.
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import IO

from core.specs import Recording
from core.storage.readers import files, zips
from core.storage.readers.protocol import Channel, Content, Frame, Member, Request
from core.storage.readers.serving import serve
from core.vibration.features import measure

FACTS = tuple(field.name for field in fields(Recording) if field.name != "samples")


def _do(request: Request, file: IO[bytes]) -> Iterator[Frame | memoryview]:
    if request.act == "read":
        # All of them first: a file of which one channel cannot be read gives none.
        recordings = files.read_file(file, request.name, request.stated)
        for frame, recording in [(_describe(recording), recording) for recording in recordings]:
            yield frame
            yield recording.samples.astype("<f4", copy=False).data.cast("B")
        return
    archive, members = zips.open_archive(file, request.name)
    if request.act == "list":
        yield from (Member(name=member.filename, place=place) for place, member in enumerate(members))
        return
    for chunk in zips.unpack(archive, members[request.member], request.name):
        yield Content(num_bytes=len(chunk))
        yield memoryview(chunk)


def _describe(recording: Recording) -> Channel:
    facts = {name: getattr(recording, name) for name in FACTS}
    features = measure(recording.samples, recording.rate_hz)
    return Channel(num_samples=len(recording.samples), **facts, **features._asdict())


def main() -> None:
    """Answer requests for recordings."""
    serve(Request, _do)


if __name__ == "__main__":
    main()
