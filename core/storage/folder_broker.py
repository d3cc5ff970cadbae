"""The embedded broker: kombu's folder of messages, each there whole or not at all, whatever the disk does."""

import uuid
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps

from core.storage.leftovers import holding


class Channel(filesystem.Channel):
    """One reader or writer of the folder."""

    def _put(self, queue: str, payload: Any, **_options: Any) -> None:  # type: ignore[override]
        """Add a message; nobody sees one that is still being written, or that a full disk has cut."""
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        _write(Path(self.data_folder_out, name), payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 - kombu's signature
        """Take the next message; a damaged one is dropped, as its row is sent again."""
        while True:
            try:
                return super()._get(queue)  # type: ignore[no-untyped-call]
            except ValueError:  # no JSON
                continue

    def get_table(self, exchange: str) -> list[Any]:
        """Return where an exchange leads to; where no file tells, what this process has bound to it."""
        return self._read_table(exchange) or [
            filesystem.exchange_queue_t(key.routing_key or "", "", key.queue)
            for key in self.state.bindings
            if key.exchange == exchange
        ]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        binding = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        self.control_folder.mkdir(exist_ok=True)
        with holding(self.control_folder, alone=True):
            bound = self._read_table(exchange)
            if binding not in bound:
                _write(self._exchange_file(exchange), [binding, *bound])  # type: ignore[no-untyped-call]

    def _read_table(self, exchange: str) -> list[Any]:
        try:
            return list(super().get_table(exchange))  # type: ignore[no-untyped-call]
        except ValueError:
            return []


class Transport(filesystem.Transport):
    """The way to the folder."""

    Channel = Channel


def _write(file: Path, content: Any) -> None:
    draft = file.with_name(f".{uuid.uuid4().hex}.draft")
    try:
        draft.write_text(dumps(content), encoding="utf-8")  # type: ignore[no-untyped-call]
        draft.replace(file)
    except OSError as error:
        raise ChannelError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
