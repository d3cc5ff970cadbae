"""What the libraries ship to the browser: read and compressed once, and cached for good under a true name."""

import asyncio
import gzip
import hashlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.server.asking import ask

FOLDER = "/static/"
FOR_GOOD = "public, max-age=31536000, immutable"
STAMP_DIGITS = 20
SMALLEST_PACKED = 1024
MOST_KEPT_BYTES = 64 * 2**20  # a page asks for 8 MiB; the folders hold far more, which is served as it lies
PACKED_TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml")
# The libraries write these into what they send the browser themselves: the version of the package.
_PANEL_STAMP = f"v={version('panel')}"
MATERIAL_STAMP = hashlib.md5(version("panel-material-ui").encode(), usedforsecurity=False).hexdigest()
MATERIAL_FOLDER = "/static/extensions/panel-material-ui/"
_VERSIONED = {
    "/static/extensions/panel/": _PANEL_STAMP,
    MATERIAL_FOLDER: MATERIAL_STAMP,
}
_NAMED_BY_CONTENT = re.compile(re.escape(MATERIAL_FOLDER) + r"[\w-]+-[A-Z0-9]{8}\.woff2?")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is shipped, and compressed where that makes it smaller."""

    body: bytes
    packed: bytes | None
    digest: str
    media_type: str

    @property
    def stamp(self) -> str:
        """What an address carries to name this content and no other."""
        return stamp(self.digest)


def stamp(digest: str) -> str:
    """Return what an address carries to name the content of this SHA-512."""
    return f"v={digest[:STAMP_DIGITS]}"


class Assets:
    """The files that `source` serves under `FOLDER`, each asked for once."""

    def __init__(self, source: ASGIApp) -> None:
        self._source = source
        self._reading: dict[str, asyncio.Task[Asset | None]] = {}
        self._kept_bytes = 0

    async def find(self, path: str) -> Asset | None:
        """Return the file at `path`, from memory where it was asked for before."""
        if path not in self._reading:
            self._reading[path] = asyncio.create_task(self._read(path))
        asset = await asyncio.shield(self._reading[path])
        if asset is None:
            self._reading.pop(path, None)
        return asset

    async def _read(self, path: str) -> Asset | None:
        try:
            found = await ask(self._source, path)
        except HTTPException:  # how Starlette says that there is no such file
            return None
        if found.status != HTTPStatus.OK or self._kept_bytes + len(found.body) > MOST_KEPT_BYTES:
            return None
        self._kept_bytes += len(found.body)
        media_type = found.headers.get("content-type", "application/octet-stream")
        return await asyncio.to_thread(_pack, found.body, media_type)


class AssetServer:
    """The middleware that answers for the files of `assets`; all else is left to `app`."""

    def __init__(self, app: ASGIApp, assets: Assets) -> None:
        self._app, self._assets = app, assets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or that the browser's copy is still true."""
        asset = await self._assets.find(scope["path"]) if _is_asked(scope) else None
        await (self._app if asset is None else _answer(asset, scope))(scope, receive, send)


def _is_asked(scope: Scope) -> bool:
    if scope["type"] != "http" or not scope["path"].startswith(FOLDER):
        return False
    return scope["method"] in {"GET", "HEAD"} and "range" not in Headers(scope=scope)


def _pack(body: bytes, media_type: str) -> Asset:
    packs = len(body) >= SMALLEST_PACKED and media_type.startswith(PACKED_TYPES)
    packed = gzip.compress(body, 9, mtime=0) if packs else None
    return Asset(body, packed, hashlib.sha512(body).hexdigest(), media_type)


def _answer(asset: Asset, scope: Scope) -> Response:
    asked = Headers(scope=scope)
    packed = asset.packed if "gzip" in asked.get("accept-encoding", "") else None
    tag = f'"{asset.digest[:STAMP_DIGITS]}{"" if packed is None else "-gzip"}"'
    headers = {"etag": tag, "cache-control": cache_rule(asset, scope["path"], scope["query_string"].decode())}
    if asset.packed is not None:
        headers["vary"] = "Accept-Encoding"
    if tag in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if packed is not None:
        headers["content-encoding"] = "gzip"
    return Response(asset.body if packed is None else packed, headers=headers, media_type=asset.media_type)


def cache_rule(asset: Asset, path: str, query: str) -> str:
    """Let a browser keep what its address names for good, and ask again for all else.

    A stamp of another version names another content: kept under this name, it would outlive an upgrade.
    """
    by_version = next((stamp for folder, stamp in _VERSIONED.items() if path.startswith(folder)), None)
    stamp = query.removeprefix("v=")
    by_content = len(stamp) >= STAMP_DIGITS and asset.digest.startswith(stamp)  # Bokeh's is the whole digest
    named = by_content or query == by_version or _NAMED_BY_CONTENT.fullmatch(path)
    return FOR_GOOD if named else "no-cache"
