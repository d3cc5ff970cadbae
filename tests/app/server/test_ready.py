"""A session that waited, and a document written ahead, are those that the visit would have been given."""

import asyncio
import json
from typing import Any

import panel.io.fastapi  # noqa: F401 - gives Bokeh's handlers Panel's way to a session
import pytest
from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.models import Div
from bokeh.protocol.messages.pull_doc_reply import pull_doc_reply
from bokeh.server.session import ServerSession
from bokeh.util.token import get_session_id
from bokeh_fastapi import BokehFastAPI
from bokeh_fastapi.handler import DocHandler
from fastapi import FastAPI, Request
from playwright.sync_api import Page

from app.server.ready import MOST_WAITING, ReadySessions, pack, ready_reply
from tests.app.waiting import wait_for

# Panel 1.9 makes the request of a session in a way that Tornado 6.5 calls old.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The (method|start_line).*HTTPServerRequest:DeprecationWarning"
)


class Site:
    """One page, whose documents are counted."""

    def __init__(self) -> None:
        self.stored = "one"
        self.built: list[Document] = []
        self.resting: list[Document] = []
        served = BokehFastAPI({"/": self._fill}, app=FastAPI(), sign_sessions=True, secret_key=b"k" * 32)
        self.handler = DocHandler(served, served._applications["/"])
        self.sessions = ReadySessions(
            lambda request: request.headers.get("cookie"), self.resting.append, self._wake
        )

    def _fill(self, document: Document) -> None:
        self.built.append(document)
        document.add_root(Div(text=self.stored))

    def _wake(self, document: Document) -> None:
        self.resting.remove(document)
        document.roots[0].text = self.stored

    async def open(self, query: str = "", cookie: str = "") -> ServerSession:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": query.encode(),
            "headers": [(b"host", b"127.0.0.1"), (b"cookie", cookie.encode())],
        }
        return await self.sessions.open(self.handler, Request(scope))

    async def draw(self, session: ServerSession) -> None:
        """Do as a browser that has drawn the page."""
        session.document.callbacks.trigger_event(DocumentReady())
        await asyncio.gather(*self.sessions._building.values())


def opened(site: Site, *visits: dict[str, str], drawn: bool = True) -> list[ServerSession]:
    async def visit() -> list[ServerSession]:
        sessions = []
        for asked in visits:
            sessions.append(await site.open(**asked))
            if drawn:
                await site.draw(sessions[-1])
        return sessions

    return wait_for(visit())


def test_visit_is_given_the_session_that_waited_with_what_was_stored_meanwhile() -> None:
    site = Site()

    async def visit() -> ServerSession:
        await site.draw(await site.open())
        assert site.resting == [site.built[1]]
        site.stored = "two"
        return await site.open()

    session = wait_for(visit())
    assert len(site.built) == 2
    assert session.document is site.built[1]
    assert site.resting == []
    assert "two" in reply(session.document)


def test_every_visit_has_a_session_of_its_own_that_its_token_names() -> None:
    sessions = opened(Site(), {}, {}, {})
    assert len({session.id for session in sessions}) == 3
    assert len({id(session.document) for session in sessions}) == 3
    assert [get_session_id(session.token) for session in sessions] == [session.id for session in sessions]


def test_socket_of_a_session_that_waited_finds_it() -> None:
    site = Site()
    _, session = opened(site, {}, {})
    context = site.handler.application_context
    assert context.get_session(session.id) is session
    assert session.document.session_context.session is session


def test_session_is_told_the_request_that_took_it() -> None:
    sessions = opened(Site(), {"cookie": "a=1"}, {"cookie": "a=1"})
    assert sessions[1].document.session_context.request.cookies == {"a": "1"}


def test_what_waits_is_for_the_same_variant_and_address_alone() -> None:
    site = Site()
    drawn, other, asked = opened(site, {"cookie": "a=1"}, {"cookie": "a=2"}, {"query": "experiment=3"})
    assert [site.built.index(session.document) for session in (drawn, other, asked)] == [0, 2, 4]


def test_visit_that_was_never_drawn_prepares_nothing() -> None:
    site = Site()
    opened(site, {}, {}, drawn=False)
    assert len(site.built) == 2


def test_only_so_many_wait_and_the_oldest_is_let_go() -> None:
    site = Site()
    opened(site, *({"cookie": f"a={number}"} for number in range(MOST_WAITING + 1)))
    assert len(site.sessions._waiting) == MOST_WAITING
    assert not hasattr(site.built[1], "_roots")  # as a destroyed document is left


def reply(document: Document) -> str:
    return ready_reply.create("1", document).content_json


def document_with(text: str) -> Document:
    document = Document()
    document.add_root(Div(text=text))
    return document


def test_document_written_ahead_is_the_one_that_is_pulled() -> None:
    document = document_with("é")
    fresh = pull_doc_reply.create("1", document).content_json
    pack(document)
    written = ready_reply.create("1", document)
    assert json.loads(written.content_json) == json.loads(fresh)
    assert written.header["reqid"] == "1"
    assert written.header["num_buffers"] == 0


def test_change_voids_what_was_written_ahead() -> None:
    document = document_with("before")
    pack(document)
    document.roots[0].text = "after"
    assert "after" in reply(document)


def test_callback_of_the_server_voids_nothing() -> None:
    document = document_with("same")
    pack(document)
    written = Written()
    document.add_next_tick_callback(written.call)
    document.to_json = written.refuse
    assert "same" in reply(document)


class Written:
    def call(self) -> None:
        """Do nothing, later."""

    def refuse(self) -> Any:
        raise AssertionError("written twice")


def test_second_pull_is_of_the_document_as_it_is() -> None:
    document = document_with("first")
    pack(document)
    reply(document)
    document.roots[0].text = "second"
    assert "second" in reply(document)


@pytest.mark.parametrize("path", ["/", "/gears", "/parts"])
def test_page_opened_again_is_as_at_first(sample_url: str, browser: Page, path: str) -> None:
    heights = []
    for _ in range(3):
        browser.goto(sample_url + path)
        browser.get_by_role("navigation", name="Breadcrumb").wait_for()
        browser.wait_for_load_state("networkidle")
        heights.append(browser.evaluate("document.documentElement.scrollHeight"))
    assert len(set(heights)) == 1
