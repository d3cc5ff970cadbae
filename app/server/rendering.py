"""Adjustments to bokeh-fastapi 0.1.8 and Panel 1.9: a page's head is known, and sent, before its session is.

A page is 250 ms of work for the server, then 600 ms of scripts for the browser. The head, which names the
scripts, is the same for all sessions of an address: it goes out first, so that both work at the same time.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from typing import Any

import panel.io.server
from bokeh.model import Model
from bokeh.resources import Resources
from bokeh_fastapi.handler import DocHandler
from fastapi import Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from panel.io.state import state

from app.server.assets import MATERIAL_FOLDER, MATERIAL_STAMP, Assets

# Every figure is drawn on a canvas, and no text is set by TeX.
UNUSED = frozenset({"bokeh-gl", "bokeh-mathjax"})
_LINKED = re.compile(r'((?:href|src)=")(static/[^"?]+)(?:\?[^"]*)?"')
# The frame's components: fetched and compiled beside the scripts, not after them. Panel imports them through
# a shim that reads modules as text, which the browser then compiles at every visit; its own import does not.
MATERIAL = f"{MATERIAL_FOLDER.removeprefix('/')}panel-material-ui.bundle.js?{MATERIAL_STAMP}"
SHIM = """<script>
{
  const shim = window.importShim
  const load = (url, ...more) => import(new URL(url, document.baseURI)).catch(() => shim(url, ...more))
  if (shim) { window.importShim = Object.assign(load, shim) }
}
</script>
"""
AGAIN = "<script>location.reload()</script></head></html>"


class Pages:
    """The pages of one application: rendered, stamped, and sent in two parts."""

    def __init__(
        self, assets: Assets, variant: Callable[[Request], Hashable], modules: Sequence[str] = ()
    ) -> None:
        self._assets = assets
        self._preloads = "".join(f'<link rel="modulepreload" href="{url}">\n' for url in (MATERIAL, *modules))
        self._variant = variant  # what of a request its page's head depends on
        self._heads: dict[Hashable, str] = {}
        self._changing: set[Hashable] = set()  # whose head was not the same twice

    async def answer(self, handler: DocHandler, request: Request) -> Response:
        """Send the page that `handler` serves, its head at once where that is known."""
        key = (handler.application_context.url, self._variant(request))
        head = self._heads.get(key)
        if head is None:
            html = await self._render(handler, request)
            self._keep_head(key, html)
            return HTMLResponse(html)
        parts = self._send(handler, request, key, head)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return StreamingResponse(_encode(parts), media_type="text/html")
        headers = {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        return StreamingResponse(_compress(parts), media_type="text/html", headers=headers)

    async def _send(
        self, handler: DocHandler, request: Request, key: Hashable, head: str
    ) -> AsyncIterator[str]:
        yield head
        await asyncio.sleep(0)  # the loop writes only between two steps, and the next one is long
        html = await self._render(handler, request)
        if html.startswith(head):
            yield html.removeprefix(head)
            return
        self._heads.pop(key, None)
        self._changing.add(key)
        yield AGAIN

    async def _render(self, handler: DocHandler, request: Request) -> str:
        session = await handler.get_session(request, None)
        resources = handler.application.resources()
        resources.components = [name for name in resources.components if name not in UNUSED]
        document = session.document
        html = type(handler).render_session(
            session,
            resources=resources,
            title=document.title,
            template=document.template,
            template_variables=document.template_variables,
        )
        return await self._stamp(html)

    async def _stamp(self, html: str) -> str:
        """Give every file that the head names the address of its content."""
        head, body, rest = html.partition("<body")
        paths = {found[1] for found in _LINKED.findall(head)}
        assets = {path: await self._assets.find(f"/{path}") for path in paths}
        stamps = {path: asset.stamp for path, asset in assets.items() if asset is not None}

        def named(found: re.Match[str]) -> str:
            stamp = stamps.get(found[2])
            return found[0] if stamp is None else f'{found[1]}{found[2]}?{stamp}"'

        return _LINKED.sub(named, head).replace("</head>", f"{self._preloads}{SHIM}</head>") + body + rest

    def _keep_head(self, key: Hashable, html: str) -> None:
        head, body, _ = html.partition("<body")
        if body and key not in self._changing:
            self._heads[key] = head


async def _encode(parts: AsyncIterator[str]) -> AsyncIterator[bytes]:
    async for part in parts:
        yield part.encode()


async def _compress(parts: AsyncIterator[str]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(5, wbits=31)
    async for part in parts:
        yield packer.compress(part.encode()) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def known_bundles(bundle_resources: Callable[..., Any]) -> Callable[..., tuple[str, str]]:
    """Return `bundle_resources` so that it works out the tags of one set of scripts once, not a session.

    Panel walks all component classes and their files for it, 100 ms of each page.
    """
    known: dict[tuple[object, ...], tuple[str, str]] = {}

    def bundle(roots: list[Model], resources: Resources, **options: Any) -> tuple[str, str]:
        key = (
            tuple(resources.components),
            resources.mode,
            state.rel_path,
            frozenset(state._extensions or ()),
            state.notifications is not None,
            len(Model.model_class_reverse_map),  # a class that came later may bring files
            *sorted(options.items()),
        )
        if key not in known:
            js, css = bundle_resources(roots, resources, **options)
            known[key] = (js, css)
        return known[key]

    bundle.__wrapped__ = bundle_resources
    return bundle


async def _get(self: DocHandler, request: Request) -> Response:
    pages: Pages = self.application.app.state.pages
    return await pages.answer(self, request)


def adjust_rendering() -> None:
    """Let Bokeh's pages be sent by `app.state.pages`; a second call changes nothing."""
    DocHandler.get = _get
    if not hasattr(panel.io.server.bundle_resources, "__wrapped__"):
        panel.io.server.bundle_resources = known_bundles(panel.io.server.bundle_resources)
