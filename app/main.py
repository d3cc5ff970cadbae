"""The composition root: pages, server and middleware put together, and served."""

import asyncio
import gc
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

import panel as pn
import uvicorn
from bokeh.document import Document
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from panel.io.fastapi import add_applications
from starlette.middleware.gzip import GZipMiddleware

from app.api import artifacts, uploads
from app.components.page import PageView
from app.components.scripted import ADDRESS, all_scripts
from app.components.shell import RunningJob, RunningJobs, Shell, report_callback_error
from app.pages.architectures import ArchitecturesPage
from app.pages.campaigns import CampaignsPage
from app.pages.compare import ComparePage
from app.pages.datasets import DatasetsPage
from app.pages.experiments import ExperimentsPage
from app.pages.home import HomePage
from app.pages.signals import SignalsPage
from app.pages.sql import SqlPage
from app.server.assets import FOLDER, Assets, AssetServer, stamp
from app.server.binding import check_bind, open_socket
from app.server.guard import USER_HEADER, Guard
from app.server.missing import missing_page
from app.server.rendering import Pages, adjust_rendering
from app.server.sockets import adjust_bokeh_fastapi
from app.server.warming import warm
from core.errors import DatabaseUnavailableError
from core.queries.runs import count_active_runs, list_active_runs
from core.settings import Settings
from core.storage.database import read_scope

# The pages, in the order of the rail.
PAGES: tuple[type[PageView], ...] = (
    HomePage,
    SignalsPage,
    DatasetsPage,
    ExperimentsPage,
    ComparePage,
    CampaignsPage,
    ArchitecturesPage,
    SqlPage,
)

UNUSED_MS = 120_000
SCRIPTS = f"{FOLDER.removeprefix('/')}brinell/components.js"

NAMED_JOBS = 20  # of each kind

JobsQuery = Callable[[], RunningJobs]


def list_running_jobs() -> RunningJobs:
    """Return what runs now, for the header's chip; a training opens its experiment, a search its campaign."""
    try:
        with read_scope() as session:
            runs = list_active_runs(session, NAMED_JOBS, running_only=True)
            count = count_active_runs(session, running_only=True) if runs else 0
    except DatabaseUnavailableError:
        return RunningJobs([], 0)  # the page under the header says so, and must be there to say it
    jobs = [
        RunningJob(run.name, run.progress, "/experiments", {"experiment": str(run.id)})
        if run.kind == "training"
        else RunningJob(run.name, run.progress, "/datasets", {"dataset": run.name})
        if run.kind == "features"
        else RunningJob(run.name, run.progress, "/campaigns", {"campaign": str(run.id)})
        if run.kind == "hpo_campaign"
        else RunningJob(run.name, run.progress, "/architectures", {"campaign": str(run.id)})
        if run.kind == "nas_campaign"
        else RunningJob(run.name, run.progress, "/signals")
        for run in runs
    ]
    return RunningJobs(jobs, count)


def create_app(
    pages: Sequence[type[PageView]] = PAGES, running_jobs: JobsQuery = list_running_jobs
) -> FastAPI:
    """Return the web application: every page's address opens the same Panel application there."""
    pn.extension("tabulator", notifications=True, nthreads=4, exception_handler=report_callback_error)
    adjust_bokeh_fastapi()
    adjust_rendering()
    api = FastAPI(
        title="Brinell", version=version("brinell"), docs_url=None, redoc_url=None, openapi_url=None
    )
    api.add_api_route("/health", _health, methods=["GET"])
    api.include_router(artifacts.router)
    api.include_router(uploads.router)

    scripts = all_scripts()
    scripts_address = f"{SCRIPTS}?{stamp(hashlib.sha512(scripts.encode()).hexdigest())}"
    api.add_route(f"/{SCRIPTS}", lambda _: Response(scripts, media_type="text/javascript"))

    def open_shell() -> pn.viewable.Viewable:
        pn.state.curdoc.template_variables[ADDRESS] = f"./{scripts_address}"
        return _open_shell(pages, running_jobs)

    add_applications(
        {page.path: open_shell for page in pages},
        app=api,
        title="Brinell",
        location=False,
        # A session's token is a promise of this process alone: another one must not be able to make it.
        sign_sessions=True,
        # A busy browser connects late. Bokeh's 15 s would end the session before, and what its websocket then
        # makes anew was never rendered, so that it names the style sheets of another host.
        unused_session_lifetime_milliseconds=UNUSED_MS,
        secret_key=secrets.token_bytes(32),
        include_headers=[USER_HEADER],
        include_cookies=["brinell_theme", "brinell_rail"],
    )

    def missing(request: Request) -> HTMLResponse:
        return missing_page(request.url.path, [(page.title, page.path) for page in pages])

    api.add_api_route("/{path:path}", missing, methods=["GET"])
    assets = Assets(api.router)
    api.state.pages = Pages(
        assets, variant=lambda request: _is_dark(request.cookies), modules=[scripts_address]
    )
    api.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    api.add_middleware(AssetServer, assets=assets)
    api.add_middleware(Guard)
    return api


def _open_shell(pages: Sequence[type[PageView]], running_jobs: JobsQuery) -> pn.viewable.Viewable:
    document = pn.state.curdoc
    cookies = pn.state.cookies
    dark = _is_dark(cookies)
    document.template_variables["html_attrs"] = f'data-brinell-theme="{"dark" if dark else "light"}"'
    shell = Shell(pages, running_jobs, dark=dark, collapsed=cookies.get("brinell_rail") == "collapsed")
    query = {name: values[-1].decode("utf-8", "replace") for name, values in pn.state.session_args.items()}
    shell.start(_path_asked(document), query)
    return shell.__panel__()


def _path_asked(document: Document) -> str:
    """Return the path of the page; a session that went unused is made again by its websocket, below it."""
    return str(document.session_context.request.path.removesuffix("/ws")) or "/"


def _is_dark(cookies: Mapping[str, str]) -> bool:
    return cookies.get("brinell_theme", "").endswith("dark")


def _health() -> dict[str, str]:
    return {"status": "ok", "version": version("brinell")}


class _AnnouncingServer(uvicorn.Server):
    """A server that says when it answers, and then makes the first visits itself."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], visit: Sequence[str]) -> None:
        super().__init__(config)
        self._announce, self._visit = announce, visit

    async def startup(self, sockets: list | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()
            self._warming = asyncio.create_task(self._warm())

    async def _warm(self) -> None:
        await warm(self.config.app, self._visit)
        # Python would walk all that the libraries loaded, 0.3 s, in the middle of somebody's page.
        gc.collect()
        gc.freeze()


def serve(
    settings: Settings, on_ready: Callable[[str], None] | None = None, app: FastAPI | None = None
) -> None:
    """Serve `app`, by default all of Brinell, until interrupted; `on_ready` is told the address."""
    check_bind(settings.host)
    with open_socket(settings.host, settings.port) as listening:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        url = f"http://{host}:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            app or create_app(),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        visit = [] if app is not None else [page.path for page in PAGES]
        _AnnouncingServer(config, lambda: on_ready(url) if on_ready else None, visit).run(sockets=[listening])
