"""Adjustments to Bokeh 3.9: sessions are built before they are asked for, documents written before a pull.

A session is some 300 ms of work for the server, which whoever opens a page would wait for. So one more of
each address is built when a page has been drawn. It waits, seen by nobody and looking at nothing, until the
next visit, which reads what was stored meanwhile.
"""

import asyncio
import contextvars
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from bokeh.core.json_encoder import serialize_json
from bokeh.core.serialization import Buffer
from bokeh.document import Document
from bokeh.document.events import DocumentChangedEvent, SessionCallbackAdded, SessionCallbackRemoved
from bokeh.protocol import SPEC
from bokeh.protocol.messages.pull_doc_reply import pull_doc_reply
from bokeh.server.contexts import ApplicationContext, BokehSessionContext, _RequestProxy
from bokeh.server.session import ServerSession
from bokeh.util.token import get_token_payload
from bokeh_fastapi.handler import DocHandler
from fastapi import Request
from panel.io.state import set_curdoc

logger = structlog.get_logger(__name__)

MOST_WAITING = 6  # a waiting session holds some megabytes

Act = Callable[[Document], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A document that is complete but for its session: who asks, and the socket, are not known yet."""

    document: Document
    context: BokehSessionContext


class ReadySessions:
    """The sessions of one application; requests of one `variant` and address are answered alike.

    `rest` lets a document stop following what is stored, `wake` lets it show that and follow it again.
    """

    def __init__(self, variant: Callable[[Request], Hashable], rest: Act, wake: Act) -> None:
        self._variant, self._rest, self._wake = variant, rest, wake
        self._waiting: OrderedDict[Hashable, _Waiting] = OrderedDict()
        self._building: dict[Hashable, asyncio.Task[None]] = {}

    async def open(self, handler: DocHandler, request: Request) -> ServerSession:
        """Return a session for this request, the one that waits if there is one."""
        if request.url.query:
            return await handler.get_session(request, None)
        waiting = self._waiting.pop(self._key(handler, request), None)
        if waiting is None:
            session = await handler.get_session(request, None)
        else:
            taking = _Taking(handler.application_context, waiting, self._wake)
            session = await DocHandler(handler.application, taking).get_session(request, waiting.context.id)
        session.document.on_event("document_ready", lambda _: self.prepare(handler, request))
        return session

    def prepare(self, handler: DocHandler, request: Request) -> None:
        """Begin to build a session for the next request like this one, unless one waits."""
        key = self._key(handler, request)
        if key not in self._waiting and key not in self._building:
            # A context of its own: this may be the callback of another document.
            build = self._build(key, handler, request)
            task = asyncio.get_running_loop().create_task(build, context=contextvars.Context())
            self._building[key] = task
            task.add_done_callback(lambda _: self._building.pop(key))

    async def _build(self, key: Hashable, handler: DocHandler, request: Request) -> None:
        context = _Keeping(handler.application_context)
        waiting = await DocHandler(handler.application, context).get_session(request, None)
        with set_curdoc(waiting.document):
            self._rest(waiting.document)
        self._waiting[key] = waiting
        while len(self._waiting) > MOST_WAITING:
            _, oldest = self._waiting.popitem(last=False)
            await _let_go(oldest, handler.application_context)

    def _key(self, handler: DocHandler, request: Request) -> Hashable:
        return handler.application_context.url, self._variant(request)


class _Context:
    """Stands in for Bokeh's context of an application where a session begins."""

    def __init__(self, real: ApplicationContext) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Keeping(_Context):
    """Builds as Bokeh does, up to the session itself."""

    async def create_session_if_needed(self, session_id: Any, request: Any, token: str) -> _Waiting:
        document = Document()
        context = BokehSessionContext(session_id, self._real.server_context, document)
        _introduce(context, request, token)
        document._session_context = weakref.ref(context)
        await self._real.application.on_session_created(context)
        self._real.application.initialize_document(document)
        return _Waiting(document, context)


class _Taking(_Context):
    """Begins the session of a document that waited."""

    def __init__(self, real: ApplicationContext, waiting: _Waiting, wake: Act) -> None:
        super().__init__(real)
        self._waiting, self._wake = waiting, wake

    async def create_session_if_needed(self, session_id: Any, request: Any, token: str) -> ServerSession:
        document, context = self._waiting.document, self._waiting.context
        _introduce(context, request, token)
        with set_curdoc(document):
            self._wake(document)
        session = ServerSession(session_id, document, io_loop=self._real.io_loop, token=token)
        context._set_session(session)
        self._real._sessions[session_id] = session
        self._real._session_contexts[session_id] = context
        return session


async def _let_go(waiting: _Waiting, real: ApplicationContext) -> None:
    """End as a session ends whose tab was closed."""
    session = ServerSession(waiting.context.id, waiting.document, io_loop=real.io_loop)
    waiting.context._set_session(session)
    session.destroy()
    await real.application.on_session_destroyed(waiting.context)


def _introduce(context: BokehSessionContext, request: Any, token: str) -> None:
    """Tell a session's context who asks."""
    told = get_token_payload(token)
    context._request = _RequestProxy(
        request, arguments=told["arguments"], cookies=told["cookies"], headers=told["headers"]
    )
    context._token = token


class _Packed(NamedTuple):
    content: str
    buffers: list[Buffer]


_packed: weakref.WeakKeyDictionary[Document, _Packed] = weakref.WeakKeyDictionary()


def pack(document: Document) -> None:
    """Write a rendered document as the browser will pull it, now that the server has time; a change voids it.

    Rendering itself changes where its style sheets lie, and tells nobody.
    """
    if document in _packed:
        return
    written = document.to_json()
    _packed[document] = _Packed(serialize_json({"doc": written.content}), written.buffers)

    def void(event: DocumentChangedEvent) -> None:
        if not isinstance(event, SessionCallbackAdded | SessionCallbackRemoved):  # of the server alone
            _packed.pop(event.document, None)
            event.document.remove_on_change(void)

    document.on_change(void)


class ready_reply(pull_doc_reply):  # noqa: N801 - named as Bokeh names its messages
    """The answer to a pull, from what `pack` wrote where nothing changed since."""

    @classmethod
    def create(cls, request_id: Any, document: Document, **metadata: Any) -> pull_doc_reply:
        packed = _packed.pop(document, None)
        if packed is None:
            return super().create(request_id, document, **metadata)
        reply = cls(cls.create_header(request_id=request_id), metadata, {})
        reply._content_json = packed.content
        reply.add_buffers(*packed.buffers)
        return reply


def adjust_pulls() -> None:
    """Let every pull of this process be answered by what `pack` wrote; a second call changes nothing."""
    SPEC["PULL-DOC-REPLY"] = ready_reply
