"""Serves Brinell with an empty page of the same framework beside it: prints its address and process id."""

import os

import panel_material_ui as pmui
from fastapi import FastAPI
from panel.io.fastapi import add_applications

from app.main import create_app, serve
from core.settings import get_settings

EMPTY = "/empty"


def add_empty_page(app: FastAPI) -> FastAPI:
    """Add a page without content at `EMPTY`, before the route that takes every address left."""
    catch_all = app.router.routes.pop()
    add_applications({EMPTY: _open_empty}, app=app, title="Empty", location=False)
    app.router.routes.append(catch_all)
    return app


def _open_empty() -> pmui.Page:
    return pmui.Page()


if __name__ == "__main__":
    serve(
        get_settings(),
        on_ready=lambda url: print(url, os.getpid(), flush=True),
        app=add_empty_page(create_app()),
    )
