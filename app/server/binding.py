"""Which address the server may listen on."""

import errno
import ipaddress
import socket

from core.errors import ConflictError, InvalidInputError


def check_bind(host: str) -> None:
    """Refuse any address but this machine's own: there are no accounts yet, and every visitor may do all."""
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise InvalidInputError(
            f"the server will not listen on {host}: it has no accounts yet, so anyone who reaches it could "
            "read and change everything; keep host=127.0.0.1 and reach it from another machine through a "
            "tunnel, ssh -L 5006:127.0.0.1:5006 THIS_MACHINE"
        )


def open_socket(host: str, port: int) -> socket.socket:
    """Return a bound socket, or say that the port is taken; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise ConflictError(
                f"port {port} of {host} is taken by another program, perhaps by another Brinell; "
                "end that one or choose another port with --port (0 takes a free one)"
            ) from error
        raise InvalidInputError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return bound
