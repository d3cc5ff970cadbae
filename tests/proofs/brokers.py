"""The brokers that a home may stand on; a database on Redis is claimed for as long as it is used."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import redis

EMBEDDED = ""  # BRINELL_BROKER_URL of the embedded filesystem broker


@contextmanager
def claimed_redis(highest: str) -> Iterator[str]:
    """Give the URL of an empty database numbered at most as in `highest`; it is emptied afterwards."""
    server, _, last = highest.rpartition("/")
    for number in range(int(last), 0, -1):
        with redis.Redis.from_url(f"{server}/{number}") as client:
            # The key claims the database among processes that look for one at the same time.
            if client.dbsize() == 0 and client.set("brinell_test", os.getpid(), nx=True):
                try:
                    yield f"{server}/{number}"
                finally:
                    client.flushdb()
                return
    raise LookupError(f"Redis at {server} has no empty database numbered 1 to {last}")


@contextmanager
def claimed_broker(name: str, highest_redis: str) -> Iterator[str]:
    """Give the URL of a broker for one home."""
    if name == "filesystem":
        yield EMBEDDED
    else:
        with claimed_redis(highest_redis) as url:
            yield url
