import socket

import pytest

from app.main import serve
from app.server.binding import check_bind, open_socket
from core.errors import ConflictError, InvalidInputError
from core.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_own_address_is_taken(host: str) -> None:
    check_bind(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", "", "127.1", "2130706433"])  # noqa: S104 - refused
def test_any_other_address_is_refused_with_the_reason_and_the_way_out(host: str) -> None:
    with pytest.raises(InvalidInputError, match=r"no accounts yet.*ssh -L"):
        check_bind(host)


def test_server_refuses_another_address_before_it_listens() -> None:
    with pytest.raises(InvalidInputError, match="no accounts yet"):
        serve(Settings(host="0.0.0.0", port=0))  # noqa: S104 - refused


def test_taken_port_is_named_with_the_next_step() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConflictError, match=rf"port {port} of 127.0.0.1 is taken.*--port"):
            open_socket("127.0.0.1", port)
