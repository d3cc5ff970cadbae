"""The outermost middleware: who may speak to the server at all, and what every answer carries."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

USER_HEADER = "x-brinell-user"
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

# Bokeh compiles its callbacks and styles its views in line, and Panel imports components from blobs; what
# is left shut keeps a stray attribute in someone's text from running and every other host out of the page.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "script-src-attr 'none'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


LONGEST_QUERY_BYTES = 8_192


class Guard:
    """Refuse foreign hosts and origins, drop what a client claims to be, and set the security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with the reason."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if scope["type"] == "websocket":
            if refusal is not None:
                await send({"type": "websocket.close", "code": 1008, "reason": refusal})
                return
            await self._app(_without_claims(scope), receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _set_headers(message)
            await send(message)

        if refusal is not None:
            await PlainTextResponse(refusal, status_code=403)(scope, receive, send_guarded)
            return
        await self._app(_without_claims(scope), receive, send_guarded)


def _refusal(scope: Scope) -> str | None:
    """Return why the request is refused; a name that is not this machine's own is DNS rebinding."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if _host_name(host) not in LOCAL_NAMES:
        return f"This server answers at 127.0.0.1 and localhost only, not at {host!r}."
    if len(scope["query_string"]) > LONGEST_QUERY_BYTES:
        return f"An address may carry {LONGEST_QUERY_BYTES:,} bytes of state, not more."
    origin = headers.get("origin")
    reads = scope["type"] == "http" and scope["method"] in {"GET", "HEAD", "OPTIONS"}
    if reads or (origin is None and scope["type"] == "http"):
        return None
    if origin is None or origin.rpartition("//")[2].lower() != host.lower():
        return f"Origin {origin!r} is not this server's own, {host!r}."
    return None


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # such as an unclosed bracket
        return None


def _without_claims(scope: Scope) -> Scope:
    """Drop the header by which the server itself tells the pages who the user is."""
    kept = [(name, value) for name, value in scope["headers"] if name.lower() != USER_HEADER.encode()]
    return {**scope, "headers": kept}


# A browser enforces every policy it is sent, so that a route can tighten this one and never loosen it.
ADDITIVE = frozenset({"content-security-policy"})


def _set_headers(message: Message) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in SECURITY_HEADERS.items():
        if name in ADDITIVE and name in headers:
            headers.append(name, value)
        else:
            headers[name] = value
    if "cache-control" not in headers:
        # A page holds its session's token and is never stored.
        is_page = headers.get("content-type", "").startswith("text/html")
        headers["cache-control"] = "no-store" if is_page else "no-cache"
