import math
import threading

import pytest
from sqlalchemy import delete, insert, update

from core.clock import utc_now
from core.errors import ForbiddenError, UnreadableFileError
from core.jobs.sealing import seal
from core.models import Experiment, LoginHistory, TrainingRun, User
from core.queries import warehouse, warehouse_prepared
from core.queries.ready_questions import READY_QUESTIONS
from core.queries.warehouse import ask, describe_schema, run_sql
from core.queries.warehouse_columns import Reading, find_reading
from core.queries.warehouse_sources import read_sources
from core.queries.warehouse_views import VIEWS
from core.settings import get_settings
from core.storage.database import make_engine, session_scope
from core.storage.sealed import folder_of
from core.storage.sql_asking import Named
from core.storage.sql_asking import ask as ask_confined
from core.storage.sql_columns import add_tables
from core.storage.sql_errors import SqlError, SqlLimitError, SqlStoppedError

DATABASES = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def epochs(experiment_id):
    """Three sealed epochs and one that is not."""
    with session_scope() as session:
        rows = [{"experiment_id": experiment_id, "epoch": epoch, "val_accuracy": 0.1} for epoch in (1, 2, 3)]
        session.execute(insert(TrainingRun), rows)
    seal(utc_now(), at_once=True)
    with session_scope() as session:
        session.execute(
            insert(TrainingRun), {"experiment_id": experiment_id, "epoch": 4, "val_accuracy": 0.5}
        )
    return experiment_id


@DATABASES
@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
def test_every_view_has_its_columns_and_every_ready_question_an_answer(database, filled, request):
    if filled:
        request.getfixturevalue("epochs")
    for view in describe_schema(for_admin=True):
        frame = ask(f"DESCRIBE {view.name}")
        told = list(zip(frame.column_name, frame.column_type, strict=True))
        assert told == [(column.name, column.type) for column in view.columns], view.name
        ask(f"FROM {view.name}")
    for question in READY_QUESTIONS:
        ask(question.sql)
    assert len({question.name for question in READY_QUESTIONS}) == len(READY_QUESTIONS)


def test_only_the_columns_that_a_question_needs_are_read(database):
    whole = frozenset(column.name for column in VIEWS["experiments"].columns)
    assert dict(find_reading("SELECT x FROM experiments AS x").columns) == {"experiments": whole}
    assert dict(find_reading("FROM experiments").columns) == {"experiments": whole}
    asked = "SELECT name FROM experiments WHERE seed > 1 AND split = 'x' ORDER BY created_at LIMIT 3"
    assert dict(find_reading(asked).columns) == {"experiments": {"name", "seed", "split", "created_at"}}
    assert dict(find_reading("SELECT count(*) FROM tags").columns) == {"tags": frozenset()}
    assert dict(find_reading("DESCRIBE users").columns) == {}


def test_question_that_needs_few_columns_has_the_answer_of_one_that_reads_all(epochs):
    whole = ask("SELECT * FROM experiments")
    few = ask("SELECT id, owner, dataset FROM experiments WHERE split = 'by_record'")
    assert few.to_dict("records") == whole[["id", "owner", "dataset"]].to_dict("records")
    assert ask("SELECT count(*) AS n FROM experiments").n.tolist() == [1]


def own_session(statement):
    with session_scope() as session:
        session.execute(statement)


def other_process(statement):
    """Execute on a connection that is none of this process's pool."""
    engine = make_engine(get_settings().resolved_database_url)
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()


@DATABASES
@pytest.mark.parametrize("act", [own_session, other_process])
def test_what_was_changed_or_deleted_a_moment_ago_shows_in_the_next_answer(act, epochs):
    joined = "epochs AS e JOIN experiments AS x ON x.id = e.experiment_id"
    asked = f"SELECT x.name, count(*) AS n FROM {joined} GROUP BY 1"  # noqa: S608
    for number in range(3):  # the views of the first two are kept for the third
        before = ask(asked).n.tolist()
        act(insert(TrainingRun).values(experiment_id=epochs, epoch=number + 5))
        assert ask(asked).n.tolist() == [before[0] + 1]
        act(update(Experiment).where(Experiment.id == epochs).values(name=f"name {number}"))
        assert ask(asked).name.tolist() == [f"name {number}"]
        assert run_sql(asked).frame.name.tolist() == [f"name {number}"]
    act(delete(TrainingRun).where(TrainingRun.epoch > 4))
    assert ask(asked).n.tolist() == [4]


@DATABASES
def test_views_are_made_once_while_nothing_changes_and_anew_after(epochs, monkeypatch):
    made = []

    def counted(*args):
        made.append(args)
        return read_sources(*args)

    monkeypatch.setattr(warehouse_prepared, "read_sources", counted)
    for _ in range(3):
        assert ask("SELECT count(*) AS n FROM epochs").n.tolist() == [4]
    assert len(made) == 1
    own_session(delete(TrainingRun).where(TrainingRun.epoch == 4))
    assert ask("SELECT count(*) AS n FROM epochs").n.tolist() == [3]
    assert len(made) == 2


def test_only_what_changed_is_brought_to_views_that_are_kept(epochs, monkeypatch):
    brought = []

    def counted(warehouse, tables):
        brought.append(sorted(tables))
        add_tables(warehouse, tables)

    monkeypatch.setattr(warehouse_prepared, "add_tables", counted)
    joined = "epochs AS e JOIN experiments AS x ON x.id = e.experiment_id"
    asked = f"SELECT x.name, max(e.epoch) AS n FROM {joined} GROUP BY 1"  # noqa: S608
    for act, expected in (
        (update(Experiment).values(name="one"), ["_epochs", "_experiments"]),
        (update(Experiment).values(notes="not read"), []),
        (update(Experiment).values(name="other"), ["_experiments"]),
        (insert(TrainingRun).values(experiment_id=epochs, epoch=5), ["_epochs"]),
        (delete(TrainingRun).where(TrainingRun.epoch >= 4), []),
        (insert(TrainingRun).values(experiment_id=epochs, epoch=6), ["_epochs"]),
    ):
        own_session(act)
        ask(asked)
        assert brought.pop() == expected
    assert ask(asked).values.tolist() == [["other", 6]]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite stores no sign of a zero
def test_zero_of_the_other_sign_is_a_change(epochs):
    own_session(insert(TrainingRun).values(experiment_id=epochs, epoch=5, val_loss=0.0))
    asked = "SELECT 1 / val_loss AS n FROM epochs WHERE epoch = 5"
    assert ask(asked).n.tolist() == [math.inf]
    own_session(update(TrainingRun).where(TrainingRun.epoch == 5).values(val_loss=-0.0))
    assert ask(asked).n.tolist() == [-math.inf]


def test_rows_from_the_database_are_duckdb_s_own_for_no_join_is_beyond_these(epochs):
    asked = "EXPLAIN SELECT x.model, e.epoch FROM epochs AS e JOIN experiments AS x ON x.id = e.experiment_id"
    for plan in (ask(asked), run_sql(asked).frame):
        assert "ARROW_SCAN" not in plan.to_string()  # refuses a Bloom filter
        assert "READ_PARQUET" in plan.to_string()


def test_lost_file_is_told_though_its_views_are_kept(epochs):
    ask("SELECT max(epoch) AS n FROM epochs")
    next(folder_of("training_runs").glob("*.parquet")).unlink()
    with pytest.raises(UnreadableFileError, match="is not on disk as it was written"):
        ask("SELECT max(epoch) AS n FROM epochs")


def test_column_that_was_wrongly_held_needless_is_read_after_all(epochs, monkeypatch):
    asked = "SELECT name, dataset FROM experiments"
    few = Reading(frozenset({"experiments"}), frozenset({("experiments", frozenset({"name"}))}))
    monkeypatch.setattr(warehouse, "find_reading", lambda _text: few)
    assert ask(asked).dataset.tolist() == ["rig"]

    def with_few(text, collect, *args, **kwargs):
        def collect_few(named, between):
            return collect(Named(named.names, {"experiments": frozenset({"name"})}), between)

        return ask_confined(text, collect_few, *args, **kwargs)

    monkeypatch.setattr(warehouse, "ask_confined", with_few)
    assert run_sql(asked).frame.dataset.tolist() == ["rig"]


def test_typed_question_reads_the_columns_that_it_needs_within_its_time(epochs, monkeypatch):
    read = []

    def slow(session, names, needed, *, every_view, between):
        read.append((names, needed))
        while len(read) > 1:
            between()
        return read_sources(session, names, needed, every_view=every_view, between=between)

    monkeypatch.setattr(warehouse, "read_sources", slow)
    asked = "SELECT max(e.epoch) AS n FROM epochs AS e JOIN experiments AS x ON x.id = e.experiment_id"
    assert run_sql(asked).frame.n.tolist() == [4]
    assert read == [
        (["epochs", "experiments"], {"epochs": {"epoch", "experiment_id"}, "experiments": {"id"}})
    ]
    with pytest.raises(SqlLimitError, match=r"took longer than 0\.2 s and was stopped"):
        run_sql(asked, time_limit_s=0.2)


def test_no_view_tells_a_secret(database):
    with session_scope() as session:
        session.add(User(username="eve", role="viewer"))
    secret = {"password", "hash", "secret", "token", "totp", "key_hash", "payload", "url", "webhook_url"}
    for view in VIEWS.values():
        assert not {word for column in view.columns for word in column.name.split("_")} & secret
    assert ask("SELECT * FROM users WHERE username = 'eve'").to_dict("list").keys() == {
        "id",
        "username",
        "role",
    }


def test_typed_question_sees_files_tail_and_tables_at_once(epochs):
    answer = run_sql(
        "WITH best AS (SELECT experiment_id, max(val_accuracy) AS best, count(*) AS n FROM epochs GROUP BY 1)"
        " SELECT x.dataset, b.best, b.n FROM best AS b JOIN Experiments AS x ON x.id = b.experiment_id"
    )
    assert answer.frame.to_dict("records") == [{"dataset": "rig", "best": 0.5, "n": 4}]
    assert answer.columns == (("dataset", "VARCHAR"), ("best", "DOUBLE"), ("n", "BIGINT"))
    assert (answer.total_rows, answer.truncated) == (1, False)
    # What is named in a text only is seen too, or told as not seen; never is it empty.
    assert run_sql("SELECT count(*) AS n FROM query_table('epochs')").frame.n.tolist() == [4]
    with pytest.raises(SqlError, match="the view epochs was not read"):
        run_sql("SELECT count(*) AS n FROM query_table('ep' || 'ochs')")


def test_long_answer_is_cut_and_counted_and_equal_names_are_told_apart(database):
    answer = run_sql("SELECT range AS a, 1 AS a, sum(range) OVER () AS s FROM range(1000)", max_rows=10)
    assert (len(answer.frame), answer.total_rows, answer.truncated) == (10, 1000, True)
    assert list(answer.frame.columns) == ["a", "a_1", "s"] == [name for name, _ in answer.columns]
    assert answer.frame.s.dtype == "int64"


def file_of(database):
    return database.removeprefix("sqlite:///")


TRAPS = (
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_parquet('{other}')",
    "SELECT * FROM parquet_metadata('{other}')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT getenv('HOME')",
    "SELECT * FROM sqlite_scan('{database}', 'users')",
    "SELECT * FROM request",
    "COPY (SELECT 1) TO '{written}'",
    "COPY (SELECT 1) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)",
    "/* a */ EXPLAIN /* b */ ANALYZE COPY (SELECT 1) TO '{written}'",
    "EXPORT DATABASE '{written}'",
    "ATTACH '{database}' AS d (TYPE sqlite)",
    "ATTACH '{written}'",
    "INSTALL httpfs",
    "LOAD '/tmp/x.duckdb_extension'",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA threads = 8",
    "PRAGMA enable_profiling",
    "CALL pragma_version()",
    "CREATE TABLE t AS SELECT 1",
    "DROP VIEW epochs",
    "INSERT INTO epochs VALUES (1)",
    "PREPARE q AS SELECT 1",
    "SELECT 1; COPY (SELECT 1) TO '{written}'",
    "USE memory",
    "CHECKPOINT",
)


@pytest.mark.slow
@pytest.mark.parametrize("trap", TRAPS)
def test_typed_question_reads_the_views_and_nothing_else_and_writes_nothing(epochs, database, tmp_path, trap):
    part = next(folder_of("training_runs").glob("*.parquet"))
    other, content = tmp_path / "other.parquet", part.read_bytes()
    other.write_bytes(content)
    places = {"other": other, "written": tmp_path / "written", "part": part, "database": file_of(database)}
    with pytest.raises(SqlError) as refused:
        run_sql(f"{trap}".format(**places))
    assert "Traceback" not in str(refused.value)
    assert not (tmp_path / "written").exists()
    assert part.read_bytes() == content


@pytest.mark.parametrize(
    "trap", ["SELECT * FROM read_csv('/etc/passwd')", "DROP VIEW epochs", "SELECT 1; SELECT 2"]
)
def test_question_that_is_more_than_one_is_refused_in_words(database, trap):
    with pytest.raises(SqlError, match=r"reads the listed views and nothing else|one question at a time"):
        run_sql(trap)


@pytest.mark.parametrize("function", ["read_json", "read_csv", "read_parquet", "sniff_csv"])
def test_question_s_tables_are_named_without_a_look_into_any_file(database, tmp_path, function):
    other = tmp_path / "other"
    other.write_text('a\n"b",secret\nc "d\n')
    told = "reads the listed views and nothing else"
    for file in (other, tmp_path / "absent"):  # nor does an error tell which of them is there
        with pytest.raises(SqlError, match=told):
            run_sql(f"FROM {function}('{file}')")


def test_words_of_an_enum_come_back(database):
    text = "SELECT unnest(['b', NULL, 'a'])::ENUM('a', 'b') AS word, [word] AS list FROM range(2)"
    assert run_sql(text).frame.word.dropna().tolist() == ["b", "a"] * 2


def test_people_s_acts_are_for_administrators(database):
    with session_scope() as session:
        session.add(LoginHistory(login_method="password", success=False))
    with pytest.raises(ForbiddenError, match="logins is for administrators; there are experiments, epochs,"):
        run_sql("SELECT * FROM logins")
    for trap in ("query_table('logins')", "query_table('log' || 'ins')", "query('FROM logins')"):
        with pytest.raises((ForbiddenError, SqlError), match=r"administrators|not read"):
            run_sql(f"FROM {trap}")
    assert len(run_sql("SELECT * FROM logins", for_admin=True).frame) == 1
    assert "logins" not in {view.name for view in describe_schema()}


@pytest.mark.parametrize(
    ("text", "line", "column", "meant"),
    [
        ("SELECT *\nFROM epoch", 2, 6, "epochs"),
        ("SELECT 'ü', modle\nFROM experiments", 1, 13, ""),
        ("SELECT\n  suum(epoch) FROM epochs", 2, 3, "sum"),
        ("SELECT 1 +", None, None, ""),
    ],
)
def test_mistake_is_told_with_its_place_and_what_may_have_been_meant(database, text, line, column, meant):
    with pytest.raises(SqlError) as raised:
        run_sql(text)
    if line is not None:
        assert (raised.value.line, raised.value.column) == (line, column)
        shown, mark = str(raised.value).splitlines()[-2:]
        assert shown[mark.index("^")] == text.splitlines()[line - 1][column - 1]
    assert meant in str(raised.value)
    assert "Error:" not in str(raised.value)


def test_question_that_takes_too_long_or_too_much_is_ended_with_what_to_do(database):
    with pytest.raises(SqlLimitError, match=r"took longer than 0\.5 s and was stopped; filter earlier"):
        run_sql("SELECT count(*) FROM range(100000000) a, range(100000000) b", time_limit_s=0.5)
    with pytest.raises(SqlLimitError, match="more than the 64 MB of memory that it may"):
        run_sql("SELECT list(range) FROM range(1000000000)", memory_mb=64)
    with pytest.raises(SqlLimitError, match="more than the 64 MB of memory"):
        run_sql("SELECT repeat('x', 1500000000)", memory_mb=64)
    with pytest.raises(SqlLimitError, match="more than the 64 MB of memory"):  # computed while it is bound
        run_sql("FROM range(length(repeat('x', 1500000000)))", memory_mb=64)


def test_question_is_stopped_while_it_is_answered(database):
    stop, ended = threading.Event(), []

    def question():
        with pytest.raises(SqlStoppedError):
            run_sql("SELECT count(*) FROM range(100000000) a, range(100000000) b", cancelled=stop)
        ended.append(True)

    thread = threading.Thread(target=question)
    thread.start()
    stop.set()
    thread.join(60)
    assert ended == [True]
