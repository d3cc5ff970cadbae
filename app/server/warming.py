"""The first visit, made by the server itself, so that no person pays for what is done once."""

from collections.abc import Sequence

from starlette.types import ASGIApp

from app.server.asking import ask

LATER = ("/static/extensions/panel-material-ui/panel-material-ui.bundle.js",)  # asked for after the head


async def warm(app: ASGIApp, paths: Sequence[str]) -> None:
    """Ask for each page once: modules are loaded, queries compiled, scripts read and packed."""
    for path in (*paths, *LATER):
        await ask(app, path, {"host": "127.0.0.1", "accept-encoding": "gzip"})
