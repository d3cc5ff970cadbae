import errno
import threading
from pathlib import Path

import pytest
from kombu.exceptions import ChannelError

from core.settings import get_settings
from core.storage.broker import make_celery
from core.storage.folder_broker import Channel


@pytest.fixture
def queue(home):
    """The queue of jobs, on the home's folder."""
    with (
        make_celery(get_settings()).connection_for_write() as connection,
        connection.SimpleQueue("brinell") as queue,
    ):
        yield queue


def test_our_own_channel_carries_the_homes_messages(queue):
    assert type(queue.channel) is Channel
    queue.put({"row": 7})
    message = queue.get(timeout=5)
    assert message.payload == {"row": 7}
    message.ack()


def test_message_that_does_not_fit_is_refused_and_leaves_no_file(queue, home, monkeypatch):
    def write_text(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(Path, "write_text", write_text)
        with pytest.raises(ChannelError, match="No space left on device"):
            queue.put({"row": 7})
    assert list((home / "broker" / "queue").iterdir()) == []


def test_damaged_message_is_passed_over(queue, home):
    (home / "broker" / "queue" / "0_cut.brinell.msg").touch()
    queue.put({"row": 7})
    message = queue.get(timeout=5)
    assert message.payload == {"row": 7}
    message.ack()


def test_damaged_exchange_leads_where_it_led(queue, home):
    exchange = home / "broker" / "control" / "brinell.exchange"
    exchange.write_bytes(b"")
    with (
        make_celery(get_settings()).connection_for_write() as connection,
        connection.SimpleQueue("brinell") as again,
    ):
        again.put({"row": 7})
    assert queue.get(timeout=5).payload == {"row": 7}


def test_reader_beside_writers_sees_whole_messages_only(queue, home):
    def put(first):
        with (
            make_celery(get_settings()).connection_for_write() as connection,
            connection.SimpleQueue("brinell") as own,
        ):
            for number in range(first, first + 50):
                own.put({"row": number, "padding": "x" * 20_000})

    writers = [threading.Thread(target=put, args=(first,)) for first in (0, 50)]
    for writer in writers:
        writer.start()
    rows = []
    for _ in range(100):
        message = queue.get(timeout=20)
        rows.append(message.payload["row"])
        message.ack()
    for writer in writers:
        writer.join()
    assert sorted(rows) == list(range(100))
