"""Multipart forms as they arrive: files go to the disk piece by piece, fields are kept."""

from collections.abc import Callable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from core.errors import InvalidInputError, TooLargeError
from core.queries.uploads import MOST_FILES
from core.storage.uploads import Batch, Draft

LONGEST_FIELD_BYTES = 2_000
FORM = b"multipart/form-data"

Expect = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Form:
    """A form that has arrived whole."""

    files: list[tuple[str, Draft]]  # each with the name it came with
    fields: dict[str, str]


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    value: bytearray = field(default_factory=bytearray)
    draft: Draft | None = None


class FormReader:
    """Reads one form; `expect` hears of every piece of a file before it is written, and may refuse it.

    It is told the file's name, the bytes that it has and the bytes that come.
    The parser itself refuses parts of more than 8 headers and headers of more than 4,224 bytes.
    """

    def __init__(self, boundary: bytes, fields: frozenset[str], batch: Batch, expect: Expect) -> None:
        self._known, self._batch, self._expect = fields, batch, expect
        self._part, self._header, self._value = _Part(), b"", b""
        self._files: list[tuple[str, Draft]] = []
        self._fields: dict[str, str] = {}
        self._is_whole = False
        callbacks = {
            "on_part_begin": self._begin_part,
            "on_part_data": self._take_data,
            "on_part_end": self._end_part,
            "on_header_field": self._take_header_name,
            "on_header_value": self._take_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open_part,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError as error:
            raise _malformed(str(error)) from error

    def feed(self, data: bytes) -> None:
        """Read the next piece; blocks while the disk takes it."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _malformed(str(error)) from error

    def finish(self) -> Form:
        """Return the form, or raise where its end has not arrived."""
        if not self._is_whole:
            raise _malformed("it ends before its closing boundary")
        return Form(self._files, self._fields)

    def _begin_part(self) -> None:
        self._part = _Part()

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._part.headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _open_part(self) -> None:
        header = self._part.headers.get(b"content-disposition", b"")
        kind, options = parse_options_header(header.decode("latin-1"))
        if kind != b"form-data" or b"name" not in options:
            raise _malformed('a part lacks the header Content-Disposition: form-data; name="..."')
        self._part.name = _decoded(options[b"name"])
        if b"filename" in options:
            self._open_file(_decoded(options[b"filename"]))
        elif self._part.name not in self._known or self._part.name in self._fields:
            raise _malformed(
                f"field {self._part.name[:80]!r} is unknown or given twice; "
                f"beside files it takes {', '.join(sorted(self._known))}, each once"
            )

    def _open_file(self, name: str) -> None:
        if not name.strip():
            raise _malformed("a file came without a name; choose the files first")
        if len(self._files) == MOST_FILES:
            raise TooLargeError(f"one request takes {MOST_FILES:,} files, not more; send the rest in another")
        self._part.draft = self._batch.begin()
        self._files.append((name, self._part.draft))

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if self._part.draft is not None:
            self._expect(self._files[-1][0], self._part.draft.size, end - start)
            self._part.draft.write(memoryview(data)[start:end])
            return
        if len(self._part.value) + end - start > LONGEST_FIELD_BYTES:
            raise TooLargeError(f"field {self._part.name!r} takes {LONGEST_FIELD_BYTES:,} bytes, not more")
        self._part.value += data[start:end]

    def _end_part(self) -> None:
        if self._part.draft is not None:
            self._part.draft.finish()
        else:
            self._fields[self._part.name] = _decoded(bytes(self._part.value))

    def _end(self) -> None:
        self._is_whole = True


def read_boundary(content_type: str) -> bytes | None:
    """Return the boundary that a Content-Type header names; None where it is another type."""
    kind, options = parse_options_header(content_type)
    if kind != FORM:
        return None
    if not options.get(b"boundary"):
        raise _malformed("its Content-Type names no boundary")
    return options[b"boundary"]


def _malformed(why: str) -> InvalidInputError:
    return InvalidInputError(f"the form cannot be read: {why}; send multipart/form-data as a browser does")


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
