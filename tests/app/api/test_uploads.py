import errno
import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
import uvicorn
from fastapi import FastAPI

from app.api import multipart
from app.api import uploads as uploads_api
from app.server.guard import Guard
from core.models import DatasetImport, DatasetImportStatus
from core.queries.uploads import list_uploads
from core.services import upload_room
from core.settings import get_settings
from core.storage import uploads
from core.storage.database import read_scope, session_scope
from tests.app.conftest import BRINELL_SERVER, start_server, stop_server

LONG_S = 60.0  # for what should happen soon
BOUNDARY = "----test-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


@pytest.fixture
def url(database: str) -> Iterator[str]:
    """Address of the guarded routes in a uvicorn of this process."""
    app = FastAPI()
    app.include_router(uploads_api.router)
    app.add_middleware(Guard)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=3))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    """A client of those routes."""
    with httpx.Client(base_url=url, trust_env=False, timeout=LONG_S) as client:
        yield client


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the limits, in MiB."""

    def set_limits(**limits: int) -> None:
        for name, value in limits.items():
            monkeypatch.setenv(f"BRINELL_UPLOAD_{name.upper()}_MB", str(value))
        get_settings.cache_clear()

    return set_limits


def part(name: str, content: bytes, filename: str | None = None, more: str = "") -> bytes:
    """One part of a form, as a browser writes it."""
    of_file = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{of_file}\r\n{more}\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def post(client: httpx.Client, body: bytes | Iterator[bytes], kind: str = FORM) -> httpx.Response:
    return client.post("/uploads", content=body, headers={"content-type": kind})


def files(home: Path) -> list[Path]:
    """What lies in the home beside its database."""
    return sorted(path for path in (home / "uploads").rglob("*") if path.is_file())


def list_around(home: Path) -> set[Path]:
    """Everything but the uploads and SQLite's own files."""
    found = {path for path in home.parent.rglob("*") if "uploads" not in path.parts}
    return {path for path in found if not path.name.startswith("brinell.db")}


def stored_names() -> list[str]:
    with read_scope() as session:
        return [row.name for row in list_uploads(session)]


def is_clean(home: Path) -> bool:
    return files(home) == [] and stored_names() == [] and not upload_room._reservations


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_files_of_a_form_are_kept_under_their_ids_and_told_with_their_checksums(
    client: httpx.Client, home: Path
) -> None:
    contents = {"a.mat": b"a" * 700_000, "b.mat": b"", "c.mat": b"\r\n--" + BOUNDARY[:-1].encode() * 3}
    answer = post(client, form(*(part("files", data, name) for name, data in contents.items())))
    assert answer.status_code == 201
    assert answer.json()["import_id"] is None
    told = {row["name"]: row for row in answer.json()["uploads"]}
    assert set(told) == set(contents)
    for name, data in contents.items():
        assert (told[name]["size_bytes"], told[name]["sha256"]) == (
            len(data),
            hashlib.sha256(data).hexdigest(),
        )
        assert uploads.path_of(told[name]["id"]).read_bytes() == data
    listed = client.get("/uploads").json()
    assert {row["id"] for row in listed["uploads"]} == {row["id"] for row in told.values()}
    assert listed["used_bytes"] == sum(map(len, contents.values()))


@pytest.mark.parametrize(
    "name",
    [
        "../../x",
        "/etc/passwd",
        "a\x00b",
        "n" * 300,
        "..",
        "C:\\x\\y.mat",
        "<img src=x onerror=1>",
        "轴承 ö.mat",
    ],
)
def test_name_is_data_and_the_file_lies_under_its_id_alone(
    client: httpx.Client, home: Path, name: str
) -> None:
    around = list_around(home)
    answer = post(client, form(part("files", b"x", name)))
    assert answer.status_code == 201, answer.text
    (row,) = answer.json()["uploads"]
    assert files(home) == [home / "uploads" / row["id"][:2] / row["id"]]
    assert list_around(home) == around
    assert stored_names() == [row["name"]]


def test_form_with_a_data_set_asks_for_its_import(client: httpx.Client) -> None:
    fields = part("dataset", b"rig"), part("mixed_rates", b"keep")
    answer = post(client, form(*fields, part("files", b"x", "a.mat"))).json()
    with read_scope() as session:
        row = session.get_one(DatasetImport, answer["import_id"])
        assert row.config["uploads"] == [answer["uploads"][0]["id"]]
        assert (row.name, row.config["mixed_rates"], row.status) == ("rig", "keep", "pending")


def test_form_states_what_the_files_leave_out(client: httpx.Client) -> None:
    stated = part("rate_hz", b"25600"), part("fault_class", b"inner_race")
    answer = post(client, form(part("dataset", b"rig"), *stated, part("files", b"x", "a.npy"))).json()
    with read_scope() as session:
        config = session.get_one(DatasetImport, answer["import_id"]).config["stated"]
    assert (config["rate_hz"], config["fault_class"], config["rpm"]) == (25_600.0, "inner_race", None)


REFUSED = {
    "another type": ("text/plain", b"x", 415, "multipart/form-data"),
    "no type": ("", b"x", 415, "multipart/form-data"),
    "no boundary": ("multipart/form-data", b"x", 400, "boundary"),
    "boundary too long": (f"multipart/form-data; boundary={'b' * 300}", b"x", 400, "256"),
    "no form": (FORM, b"junk", 400, "cannot be read"),
    "empty": (FORM, b"", 400, "closing boundary"),
    "cut off": (FORM, form(part("files", b"x" * 500_000, "a.mat"))[:-9], 400, "closing boundary"),
    "no file": (FORM, form(part("dataset", b"rig")), 400, "holds no file"),
    "no name": (FORM, form(part("files", b"x", "")), 400, "without a name"),
    "no disposition": (FORM, f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--".encode(), 400, "Content-Disposition"),
    "unknown field": (FORM, form(part("created_by", b"7"), part("f", b"x", "a")), 400, "created_by"),
    "field twice": (
        FORM,
        form(part("dataset", b"a"), part("dataset", b"b"), part("f", b"x", "a")),
        400,
        "twice",
    ),
    "field too long": (FORM, form(part("dataset", b"d" * 9_000), part("f", b"x", "a")), 413, "2,000 bytes"),
    "unknown choice": (FORM, form(part("f", b"x", "a"), part("mixed_rates", b"no")), 400, "resample"),
    "impossible rate": (
        FORM,
        form(part("f", b"x", "a"), part("dataset", b"rig"), part("rate_hz", b"-1")),
        400,
        "rate_hz",
    ),
    "name too long": (FORM, form(part("f", b"x", "a"), part("dataset", b"d" * 201)), 400, "200"),
    "many headers": (FORM, form(part("f", b"x", "a", "X: 1\r\n" * 9)), 400, "header count"),
    "long header": (FORM, form(part("f", b"x", "a", f"X: {'1' * 9_000}\r\n")), 400, "header size"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_form_is_answered_with_its_reason_and_leaves_nothing(
    client: httpx.Client, home: Path, what: str
) -> None:
    kind, body, status, words = REFUSED[what]
    answer = post(client, body, kind)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert is_clean(home)


def test_more_files_than_one_request_takes_are_refused_all(
    client: httpx.Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multipart, "MOST_FILES", 2)
    answer = post(client, form(*(part("files", b"x", f"{i}.mat") for i in range(3))))
    assert (answer.status_code, "2 files" in answer.json()["detail"]) == (413, True)
    assert is_clean(home)


def chunks(body: bytes) -> Iterator[bytes]:
    """A body whose length is not told."""
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


@pytest.mark.parametrize("is_told", [True, False])
def test_file_beyond_its_limit_is_refused_with_all_others(
    client: httpx.Client, home: Path, allow: Callable[..., None], is_told: bool
) -> None:
    allow(file=1)
    body = form(part("files", b"x", "small.mat"), part("files", b"x" * (2**20 + 1), "large.mat"))
    answer = post(client, body if is_told else chunks(body))
    assert answer.status_code == 413
    assert "'large.mat'" in answer.json()["detail"]
    assert "BRINELL_UPLOAD_FILE_MB" in answer.json()["detail"]
    assert is_clean(home)


def begin(url: str, length: int, sent: bytes) -> socket.socket:
    """Open a request that promises `length` bytes and has sent only the first of them."""
    connection = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=LONG_S)
    head = (
        f"POST /uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {FORM}\r\nContent-Length: {length}\r\n"
    )
    connection.sendall(head.encode() + b"\r\n" + sent)
    return connection


def test_length_beyond_the_quota_is_refused_before_a_byte_of_it_is_read(
    url: str, home: Path, allow: Callable[..., None]
) -> None:
    allow(quota=1)
    with begin(url, 2 * 2**20, b"") as connection:
        answer = connection.recv(65_536).decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert "BRINELL_UPLOAD_QUOTA_MB" in answer
    assert "connection: close" in answer.lower()
    assert is_clean(home)


def test_last_free_bytes_go_to_one_of_two_requests(
    client: httpx.Client, url: str, home: Path, allow: Callable[..., None]
) -> None:
    allow(quota=1)
    body = form(part("files", b"x" * 600_000, "first.mat"))
    with begin(url, len(body), body[:300_000]) as first:
        wait_for(lambda: files(home) != [])
        second = post(client, form(part("files", b"y" * 600_000, "second.mat")))
        assert second.status_code == 413
        first.sendall(body[300_000:])
        assert first.recv(65_536).startswith(b"HTTP/1.1 201 ")
    assert stored_names() == ["first.mat"]
    assert len(files(home)) == 1
    assert post(client, form(part("files", b"z" * 400_000, "third.mat"))).status_code == 201


def test_two_requests_that_tell_no_length_share_the_quota_while_they_stream(
    url: str, home: Path, allow: Callable[..., None]
) -> None:
    allow(quota=1)
    meeting, answers = threading.Barrier(2), []

    def send(name: str) -> None:
        def body() -> Iterator[bytes]:
            pieces = list(chunks(form(part("files", b"x" * 900_000, name))))
            yield from pieces[:10]
            meeting.wait(LONG_S)
            yield from pieces[10:]

        with httpx.Client(base_url=url, trust_env=False, timeout=LONG_S) as client:
            answers.append(post(client, body()).status_code)

    threads = [threading.Thread(target=send, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Which of them meets the limit first is open, and so is whether both do.
    assert sorted(answers) in ([201, 413], [413, 413])
    assert len(files(home)) == len(stored_names()) == answers.count(201)


def test_connection_that_breaks_off_leaves_neither_draft_nor_row_nor_room(url: str, home: Path) -> None:
    body = form(part("files", b"x", "whole.mat"), part("files", b"x" * 3_000_000, "half.mat"))
    connection = begin(url, len(body), body[:1_500_000])
    wait_for(lambda: len(files(home)) == 2)
    connection.close()
    wait_for(lambda: is_clean(home))


def test_request_that_stalls_is_given_up(url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_api, "STALLED_S", 0.1)
    with begin(url, 10_000, form(part("files", b"x", "a.mat"))[:-5]) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408 ")
    wait_for(lambda: is_clean(home))


def test_disk_that_must_keep_its_reserve_takes_nothing(
    client: httpx.Client, home: Path, allow: Callable[..., None]
) -> None:
    allow(reserve=10**9)
    answer = post(client, form(part("files", b"x" * 10_000, "a.mat")))
    assert answer.status_code == 507
    assert "BRINELL_UPLOAD_RESERVE_MB" in answer.json()["detail"]
    assert is_clean(home)


@pytest.mark.parametrize("act", ["fsync", "replace"])
def test_disk_that_is_full_after_all_is_told_and_keeps_nothing(
    client: httpx.Client, home: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if act == "fsync" else (Path, "replace")), fail)
    answer = post(client, form(part("files", b"x", "a.mat"), part("files", b"y", "b.mat")))
    assert answer.status_code == 507
    assert "make room" in answer.json()["detail"]
    assert is_clean(home)


@pytest.mark.parametrize("act", ["fsync", "replace"])
def test_others_are_answered_while_the_disk_takes_its_time(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    place = os if act == "fsync" else Path
    working, worked, real = threading.Event(), threading.Event(), getattr(place, act)

    def work_late(*arguments: object) -> object:
        working.set()
        assert worked.wait(LONG_S)
        return real(*arguments)

    monkeypatch.setattr(place, act, work_late)
    answers: list[int] = []
    body = form(part("files", b"x", "a.mat"))
    sending = threading.Thread(target=lambda: answers.append(post(client, body).status_code))
    sending.start()
    assert working.wait(LONG_S)
    assert client.get("/uploads").status_code == 200
    worked.set()
    sending.join()
    assert answers == [201]


def test_deleted_upload_is_gone_with_its_file_and_one_in_use_stays(client: httpx.Client, home: Path) -> None:
    kept = post(client, form(part("files", b"x", "a.mat"), part("dataset", b"rig"))).json()
    free = post(client, form(part("files", b"y", "b.mat"))).json()["uploads"][0]["id"]
    assert client.delete(f"/uploads/{free}").status_code == 204
    assert client.delete(f"/uploads/{free}").status_code == 404
    answer = client.delete(f"/uploads/{kept['uploads'][0]['id']}")
    assert (answer.status_code, "wait until it has ended" in answer.json()["detail"]) == (409, True)
    with session_scope() as session:
        session.get_one(DatasetImport, kept["import_id"]).status = DatasetImportStatus.FAILED
    assert client.delete(f"/uploads/{kept['uploads'][0]['id']}").status_code == 204
    assert is_clean(home)


@pytest.mark.parametrize("header", [{"origin": "http://evil.example"}, {"origin": "null"}, {"host": "evil"}])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_page_of_another_origin_can_neither_send_nor_delete(
    client: httpx.Client, home: Path, method: str, header: dict[str, str]
) -> None:
    path = "/uploads" if method == "POST" else f"/uploads/{'0' * 32}"
    headers = {"content-type": FORM} | header
    answer = client.request(method, path, content=form(part("files", b"x", "a.mat")), headers=headers)
    assert answer.status_code == 403
    assert is_clean(home)


@pytest.mark.slow
def test_two_hundred_megabytes_pass_through_little_memory(database: str, home: Path, tmp_path: Path) -> None:
    process, url = start_server(["-c", BRINELL_SERVER], home)
    peak, is_sent = [0], threading.Event()

    def watch() -> None:
        server = psutil.Process(process.pid)
        while not is_sent.wait(0.01):
            peak[0] = max(peak[0], server.memory_info().rss)

    def body() -> Iterator[bytes]:
        head, tail = form(part("files", b"|", "large.mat")).split(b"|")
        yield head
        for _ in range(200):
            yield bytes(2**20)
        yield tail

    try:
        with httpx.Client(base_url=url, trust_env=False, timeout=LONG_S) as client:
            post(client, form(part("files", b"x", "first.mat")))  # what is loaded once is loaded now
            before = psutil.Process(process.pid).memory_info().rss
            watching = threading.Thread(target=watch)
            watching.start()
            answer = post(client, body())
    finally:
        is_sent.set()
        watching.join()
        stop_server(process)
    assert answer.status_code == 201, json.dumps(answer.json())
    assert answer.json()["uploads"][0]["size_bytes"] == 200 * 2**20
    assert peak[0] - before < 50 * 2**20
