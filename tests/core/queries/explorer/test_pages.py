from contextlib import contextmanager

import pytest
from sqlalchemy import event, insert

from core.errors import InvalidInputError
from core.models import TrainingRun
from core.queries.explorer import ColumnKind, list_columns, list_page
from core.storage.database import get_engine, read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
ALL_COLUMNS = (
    "tags", "notes", "campaign", "best_epoch", "finished_at", "model", "best.val_accuracy",
    "last.val_accuracy", "test_accuracy", "lr", "param.optimizer", "dropout",
)  # fmt: skip


def page(text="", **wanted):
    with read_scope() as session:
        return list_page(session, text, **wanted)


@contextmanager
def statements():
    seen = []

    def note(_connection, _cursor, statement, *_):
        if statement.startswith(("SELECT", "WITH")):
            seen.append(statement)

    event.listen(get_engine(), "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(get_engine(), "before_cursor_execute", note)


@BOTH
def test_pages_cover_all_that_is_not_archived_once_and_the_total_is_exact(made):
    wanted = [one.id for one in reversed(made) if not one.archived]
    found = [page(limit=7, offset=offset) for offset in range(0, 42, 7)]
    assert [row.id for each in found for row in each.rows] == wanted
    assert {each.total for each in found} == {len(wanted)}
    away = page(archived=True)
    assert [row.id for row in away.rows] == [one.id for one in reversed(made) if one.archived]
    assert away.total == len(away.rows)
    assert all(row.archived_at for row in away.rows)


@BOTH
def test_row_tells_what_is_stored(made):
    rows = {row.id: row for row in page(limit=100).rows}
    for one in made:
        if one.archived:
            continue
        row = rows[one.id]
        told = (row.name, row.status, row.model, row.dataset, row.split, row.owner, row.source, row.seed)
        seed = one.parameters["seed"]
        assert told == (
            one.name, one.status, one.model, one.dataset, one.split, one.owner, one.source, seed
        )  # fmt: skip
        assert (row.epochs_done, row.epochs_total) == (len(one.accuracy), 4)
        assert (row.val_accuracy, row.test_accuracy) == (max(one.accuracy, default=None), one.test_accuracy)


@BOTH
def test_chosen_columns_have_the_values_of_their_rows(made):
    found = page(limit=100, columns=ALL_COLUMNS)
    for one in made:
        if one.archived:
            continue
        values = found.values[one.id]
        assert list(values) == list(ALL_COLUMNS)
        assert {tag.name for tag in values["tags"]} == one.tags
        number = int(one.name.removeprefix("run "))
        assert values["notes"] == (f"Heading {number}" if number % 3 == 0 else None)
        assert (values["campaign"], values["model"]) == (one.campaign, one.model)
        assert values["best.val_accuracy"] == max(one.accuracy, default=None)
        assert values["last.val_accuracy"] == (one.accuracy[-1] if one.accuracy else None)
        assert values["test_accuracy"] == one.test_accuracy
        assert (values["lr"], values["param.optimizer"]) == (
            one.parameters["lr"],
            one.parameters["optimizer"],
        )
        assert values["dropout"] == one.parameters.get("dropout")


@BOTH
def test_every_sortable_column_sorts_every_row_once_and_what_has_no_value_last(made):
    wanted = {one.id for one in made if not one.archived}
    with read_scope() as session:
        columns = list_columns(session)
    assert {c.name for c in columns if not c.is_sortable} == {"audit", "epochs_done", "tags", "notes"}
    for column in columns:
        for descending in (True, False):
            if not column.is_sortable:
                continue
            found = page(sort=column.name, descending=descending, columns=[column.name], limit=100)
            assert {row.id for row in found.rows} == wanted, column
            values = [found.values[row.id][column.name] for row in found.rows]
            told = [value for value in values if value is not None and value != ""]
            assert all(not value for value in values[len(told) :]), column
            if column.name != "dropout":  # numbers and texts
                assert told == sorted(told, reverse=descending), column


def test_many_rows_are_read_in_several_statements(made, monkeypatch):
    whole = page(limit=100, columns=ALL_COLUMNS)
    monkeypatch.setattr("core.queries.experiment_rows.BATCH", 7)
    monkeypatch.setattr("core.queries.explorer.values.BATCH", 7)
    assert page(limit=100, columns=ALL_COLUMNS) == whole


@BOTH
def test_rows_of_a_page_cost_the_same_queries_whatever_their_number(made):
    page(limit=1, columns=ALL_COLUMNS)  # the first connection asks for more
    with statements() as few:
        page(limit=2, columns=ALL_COLUMNS)
    with statements() as many:
        assert len(page(limit=30, columns=ALL_COLUMNS).rows) == 30
    assert len(few) == len(many)
    assert not any("training_runs" in one or "experiments.config" in one for one in many)
    with session_scope() as session:  # epochs are counted by the summaries alone
        session.execute(insert(TrainingRun), [{"experiment_id": made[0].id, "epoch": 99}])
    assert max(row.epochs_done for row in page(limit=100).rows) <= 4


@BOTH
def test_search_order_and_limit_of_the_text_hold(made):
    best = sorted(
        (one for one in made if not one.archived and one.status == "completed"),
        key=lambda one: -one.test_accuracy,
    )
    found = page("status:completed sort:-test_accuracy limit:3", sort="id")
    assert [row.id for row in found.rows] == [one.id for one in best[:3]]
    assert found.total == 3


def test_columns_are_fields_then_metrics_then_parameters(made):
    with read_scope() as session:
        columns = list_columns(session)
    kinds = list(dict.fromkeys(column.kind for column in columns))
    assert (kinds[0], kinds[-1]) == (ColumnKind.FIELD, ColumnKind.PARAMETER)
    names = [column.name for column in columns]
    assert names[-3:] == ["dropout", "lr", "optimizer"]
    assert {"best.val_accuracy", "last.val_accuracy", "best.test_accuracy"} < set(names)
    assert {c.name: c.value for c in columns[-3:]} == {"dropout": "text", "lr": "number", "optimizer": "text"}


def test_unknown_column_and_order_offer_the_nearest(made):
    with pytest.raises(InvalidInputError, match=r"parameter 'optimiser' to show; did you mean optimizer"):
        page(columns=["optimiser"])
    with pytest.raises(InvalidInputError, match="'val_acuracy' to sort by; did you mean"):
        page(sort="val_acuracy")


def test_empty_home_has_an_empty_page_in_any_order(database):
    for sort in ("id", "val_accuracy", "test_accuracy", "record_accuracy", "seed"):
        found = page(sort=sort, columns=["val_accuracy", "tags", "notes"])
        assert (found.rows, found.total, found.values) == ((), 0, {})
