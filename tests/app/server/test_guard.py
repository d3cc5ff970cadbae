"""What the server refuses, and what every answer carries; asked over the network."""

import re
from collections.abc import Callable

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from app.server.guard import SECURITY_HEADERS


def open_socket(url: str, *, origin: str | None, token: str) -> ClientConnection:
    return connect(
        f"{url.replace('http', 'ws', 1)}/ws", origin=origin, subprotocols=["bokeh", token], proxy=None
    )


def page_token(url: str) -> str:
    found = re.search(r'"token":"([^"]+)"', httpx.get(url, trust_env=False).text)
    return found.group(1)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", None])
def test_websocket_of_a_foreign_origin_is_refused(sample_url: str, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        open_socket(sample_url, origin=origin, token=page_token(sample_url))
    assert refusal.value.response.status_code == 403


def test_websocket_of_the_own_origin_is_taken(sample_url: str) -> None:
    with open_socket(sample_url, origin=sample_url, token=page_token(sample_url)) as socket:
        assert "ACK" in socket.recv(timeout=10)


def forge(token: str) -> str:
    return token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB")


@pytest.mark.parametrize("change", [forge, lambda _token: "x", lambda token: token.partition(".")[0]])
def test_session_token_of_another_process_is_refused(sample_url: str, change: Callable[[str], str]) -> None:
    forged = change(page_token(sample_url))
    with pytest.raises(InvalidStatus) as refusal:
        open_socket(sample_url, origin=sample_url, token=forged)
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "169.254.169.254", "[::1"])
def test_name_that_is_not_this_machine_is_refused(sample_url: str, host: str) -> None:
    answer = httpx.get(sample_url, headers={"host": host}, trust_env=False)
    assert answer.status_code == 403
    assert "127.0.0.1 and localhost only" in answer.text


def test_tunnel_from_another_port_is_taken(sample_url: str) -> None:
    assert httpx.get(sample_url, headers={"host": "localhost:8080"}, trust_env=False).status_code == 200


def test_address_longer_than_any_state_is_refused(sample_url: str) -> None:
    answer = httpx.get(f"{sample_url}/?{'a=b&' * 5000}", trust_env=False)
    assert answer.status_code == 403
    assert "8,192 bytes" in answer.text


def test_write_from_a_foreign_page_is_refused(sample_url: str) -> None:
    answer = httpx.post(f"{sample_url}/health", headers={"origin": "http://evil.example"}, trust_env=False)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/", "/health", "/nowhere", "/static/js/bokeh.min.js"])
def test_every_answer_carries_the_security_headers(sample_url: str, path: str) -> None:
    answer = httpx.get(sample_url + path, trust_env=False)
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_refusal_carries_the_security_headers(sample_url: str) -> None:
    answer = httpx.get(sample_url, headers={"host": "evil.example"}, trust_env=False)
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_scripts_travel_compressed_and_pages_are_never_stored(sample_url: str) -> None:
    script = httpx.get(f"{sample_url}/static/js/bokeh.min.js", trust_env=False)
    assert script.headers["content-encoding"] == "gzip"
    assert httpx.get(sample_url, trust_env=False).headers["cache-control"] == "no-store"


def test_health_answers_json(sample_url: str) -> None:
    assert httpx.get(f"{sample_url}/health", trust_env=False).json()["status"] == "ok"
