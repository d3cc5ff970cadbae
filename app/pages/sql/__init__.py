"""SQL: questions over all that is stored, their answers as rows and charts, kept and shared."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, ClassVar

import panel as pn
import panel_material_ui as pmui
import param
from bokeh.document import Document

from app.components.card import card
from app.components.empty_state import empty_state
from app.components.error_view import describe_error
from app.components.grid import grid, stack
from app.components.page import PageView
from app.components.question_shelf import QuestionShelf
from app.components.safe_text import text
from app.components.small_form import SmallForm
from app.components.sql_editor import SqlEditor, find_scripts
from app.identity import current_actor
from app.pages.sql.answer import AnswerView
from app.state.sql import SqlState
from app.theme import css_variable
from core.errors import BrinellError
from core.queries.ready_questions import READY_QUESTIONS, ReadyQuestion
from core.queries.saved_queries import list_queries
from core.queries.warehouse import Answer, describe_schema, run_sql
from core.queries.warehouse_views import View
from core.services.saved_queries import change_query, delete_query, save_query, use_query
from core.storage.database import read_scope, session_scope

KEYWORDS = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "JOIN", "LEFT JOIN", "ON", "USING",
    "AND", "OR", "NOT", "IN", "IS NULL", "LIKE", "ILIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END",
    "AS",
    "DISTINCT", "WITH", "OVER", "PARTITION BY", "QUALIFY", "DESC", "ASC", "NULLS LAST", "count", "sum", "avg",
    "min", "max", "median", "stddev", "quantile_cont", "arg_max", "arg_min", "row_number", "date_trunc",
)  # fmt: skip
TROUBLE = f".text {{ white-space: pre-wrap; padding-top: 10px; color: {css_variable('failed')}; }}"
PLACEHOLDER = (
    "-- A question over all that is stored. The tables are listed beside.\nSELECT * FROM experiments LIMIT 20"
)


class SqlPage(PageView):
    """The editor with what questions are made of beside it, and below it the answer."""

    title, path, icon = "SQL", "/sql", "terminal"
    state_class: ClassVar[type[SqlState]] = SqlState
    state: SqlState

    trouble = param.String(default="", doc="what is wrong with the question")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        served = self.navigate is not None
        self.editor = SqlEditor(
            self._take_editor, sql=self.state.sql or PLACEHOLDER, scripts=find_scripts() if served else ""
        )
        self.shelf = QuestionShelf(self._take_shelf, ready=[_ready_line(one) for one in READY_QUESTIONS])
        self.answer: AnswerView | None = None
        self._answered = ""  # the question that the answer below belongs to
        self._stop = threading.Event()
        self._keeping = pn.Column(sizing_mode="stretch_width", margin=0)
        self._below = pn.Column(sizing_mode="stretch_width", margin=0)
        self._offer_keeping()
        self._say_what_to_do()
        self.state.param.watch(lambda _: self._follow_state(), "sql")
        if not served:
            self.on_show()

    def __panel__(self) -> pn.viewable.Viewable:
        told = text(self.param.trouble, "mono", visible=self.param.trouble.rx.bool(), style=TROUBLE)
        question = stack(card(self.editor, told, self._keeping), self._below)
        return grid((question, 9), (card(self.shelf), 3))

    def on_show(self) -> None:
        """Look again at what is stored and kept; answer the question of the address."""
        tables = describe_schema(for_admin=current_actor().role == "admin")
        self.shelf.tables = [_table_line(table) for table in tables]
        self.editor.words = _list_words(tables)
        self._show_kept()
        self._follow_state()

    def on_hide(self) -> None:
        """Stop what is being answered: nobody looks at it."""
        self._stop.set()

    def _follow_state(self) -> None:
        if not self.state.sql or self.state.sql == self._answered or self.editor.busy:
            return
        self.editor.sql = self.state.sql
        document = pn.state.curdoc
        if document is not None and document.session_context is not None:
            document.add_next_tick_callback(partial(self._ask_in_session, document))
        elif self.navigate is None and _has_loop():
            pn.state.execute(self.ask)

    def _ask_in_session(self, document: Document) -> None:
        """Ask while the session's lock is free, so that Stop is heard, and show the answer under it."""
        future = self._begin()
        end = partial(self._end, future)
        future.add_done_callback(lambda _: document.add_next_tick_callback(end))

    async def ask(self) -> None:
        """Answer the state's question; what is wrong with it is told where it stands."""
        future = self._begin()
        await asyncio.wait([asyncio.wrap_future(future)])
        self._end(future)

    def _begin(self) -> "Future[Answer]":
        self.editor.busy, self._answered = True, self.state.sql
        self._stop = threading.Event()
        future: Future[Answer] = Future()
        for_admin = current_actor().role == "admin"
        asking = partial(run_sql, self._answered, for_admin=for_admin, cancelled=self._stop)
        threading.Thread(target=_fill, args=(future, asking), daemon=True).start()
        return future

    def _end(self, future: "Future[Answer]") -> None:
        self.editor.busy = False
        try:
            answer = future.result()
        except BrinellError as error:
            self._tell(error)
        else:
            self._tell(None)
            self._show(answer)
        self._follow_state()  # another may have been asked meanwhile

    def _tell(self, error: BrinellError | None) -> None:
        self.trouble = "" if error is None else describe_error(error)
        self._below.visible = error is None  # an answer never stands below a question that is not its own

    def _show(self, answer: Answer) -> None:
        if self.answer is not None:
            self.answer.close()
        self.answer = AnswerView(self.state, answer)
        self._below[:] = [self.answer]

    def _say_what_to_do(self) -> None:
        self._below[:] = [
            empty_state(
                "No question asked yet",
                "Write one above and run it, or take a ready-made one. Every table that is listed can be "
                "asked; nothing can be changed from here.",
                command='brinell sql "SELECT model, count(*) FROM experiments GROUP BY model"',
            )
        ]

    def _take_editor(self, message: dict[str, Any]) -> None:
        if message["type"] == "stop":
            self._stop.set()
            return
        with param.parameterized.discard_events(self.editor):
            self.editor.sql = message["text"]
        if message["type"] == "run":
            self._run(message["text"])

    def _run(self, sql: str) -> None:
        """Ask, also where the same was asked before: what is stored may have changed."""
        self._answered = ""
        if sql != self.state.sql:
            self.state.param.update(sql=sql, sort="", descending=False, page=1)
        else:
            self._follow_state()

    def _take_shelf(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "insert":
            self.editor.insert(message["text"])
        elif kind == "look":
            self._open("\n".join(["SELECT *", f"FROM {message['name']}", "LIMIT 100"]))
        elif kind == "ready":
            self._open(next(one.sql for one in READY_QUESTIONS if one.name == message["name"]))
        else:
            self._take_kept(kind, int(message["id"]), message)

    def _take_kept(self, kind: str, query_id: int, message: dict[str, Any]) -> None:
        with session_scope() as session:
            actor = current_actor()
            if kind == "open":
                row = use_query(session, actor, query_id)
                sql, chart = row.sql, row.chart
            elif kind == "share":
                change_query(session, actor, query_id, is_shared=bool(message["shared"]))
            else:
                delete_query(session, actor, query_id)
        if kind == "open":
            self._open(sql, chart)
        self._show_kept()

    def _open(self, sql: str, chart: dict[str, Any] | None = None) -> None:
        self.editor.sql = sql
        self.state.read_query({"sql": sql} | {name: str(value) for name, value in (chart or {}).items()})

    def _show_kept(self) -> None:
        with read_scope() as session:
            rows = list_queries(session, current_actor().user_id)
        self.shelf.saved = [
            {"id": row.id, "name": row.name, "owner": row.owner, "own": row.is_own}
            | {"shared": row.is_shared, "uses": row.usage_count}
            for row in rows
        ]

    def _offer_keeping(self) -> None:
        button = pmui.Button(label="Save …", icon="bookmark_border", variant="text", size="small", margin=0)
        button.on_click(lambda _: self._ask_name())
        self._keeping[:] = [button]

    def _ask_name(self) -> None:
        fields = [
            {"name": "name", "label": "Name", "value": "", "kind": "text"},
            {"name": "shared", "label": "Who sees it", "value": "only me", "kind": "choice"}
            | {"options": ["only me", "all users"]},
        ]
        self._keeping[:] = [
            SmallForm(self._keep, self._offer_keeping, title="Save this question", fields=fields)
        ]

    def _keep(self, values: dict[str, str]) -> None:
        chart = {name: getattr(self.state, name) for name in ("chart", "x", "y", "by")}
        with session_scope() as session:
            save_query(
                session,
                current_actor(),
                values["name"],
                self.editor.sql,
                chart=chart,
                is_shared=values["shared"] == "all users",
            )
        self._offer_keeping()
        self._show_kept()


def _fill(future: "Future[Answer]", act: Callable[[], Answer]) -> None:
    """Do the act in this thread, whose outermost frame this is; what goes wrong is raised by `result()`."""
    try:
        answer = act()
    except Exception as error:  # noqa: BLE001 - told where the future is asked
        future.set_exception(error)
    else:
        future.set_result(answer)


def _has_loop() -> bool:
    """Tell whether a notebook's loop is there to answer on."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _table_line(view: View) -> dict[str, Any]:
    columns = [{"name": c.name, "type": c.type, "sentence": c.sentence} for c in view.columns]
    return {"name": view.name, "sentence": view.sentence, "columns": columns}


def _ready_line(question: ReadyQuestion) -> dict[str, str]:
    return {"name": question.name, "title": question.title, "sentence": question.sentence}


def _list_words(views: Sequence[View]) -> list[dict[str, str]]:
    """Return what completes a question: tables first, then their columns, then the language's own words."""
    columns = {column.name: f"column of {view.name}" for view in views for column in view.columns}
    return [
        *({"word": view.name, "kind": "table"} for view in views),
        *({"word": name, "kind": kind} for name, kind in columns.items()),
        *({"word": word, "kind": "keyword"} for word in KEYWORDS),
    ]
