"""Search, summaries and sealed logs: words, metrics and hyperparameters of experiments; SQL questions.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-22 20:30:00 UTC
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 2_000
MEASURED = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate")
# Words are sequences of letters and digits, in lower case and without accents, on both databases. On
# PostgreSQL each field begins a hundred places after the one before it: no phrase reaches over both.
WORDS_POSTGRESQL = (
    r"""
    CREATE FUNCTION brinell_words(said text, weight text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
      SELECT coalesce(string_agg(quote_literal(word) || ':' || least(place + 100, 16383) || weight, ' '), '')
             ::tsvector
      FROM regexp_split_to_table(
        regexp_replace(
          lower(normalize(left(coalesce(said, ''), 200000), NFD) COLLATE "und-x-icu"),
          '[\u0300-\u036f]', '', 'g'
        ) COLLATE "und-x-icu",
        '[^[:alnum:]]+'
      ) WITH ORDINALITY AS found(whole, place), left(whole, 500) AS cut(word)
      WHERE word <> ''
    $$
    """,
    """
    CREATE FUNCTION brinell_index_experiment() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.search_vector := brinell_words(NEW.name, 'A') || brinell_words(NEW.model_type, 'B')
                           || brinell_words(NEW.notes, 'C');
      RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER experiment_words BEFORE INSERT OR UPDATE OF name, model_type, notes ON experiments
    FOR EACH ROW EXECUTE FUNCTION brinell_index_experiment()
    """,
    "CREATE INDEX ix_experiments_search_vector ON experiments USING gin (search_vector)",
    "UPDATE experiments SET name = name",
)
OLD_WORDS = """
  INSERT INTO experiment_words (experiment_words, rowid, name, model_type, notes)
  VALUES ('delete', old.id, old.name, old.model_type, old.notes);
"""
NEW_WORDS = """
  INSERT INTO experiment_words (rowid, name, model_type, notes)
  VALUES (new.id, new.name, new.model_type, new.notes);
"""
WORDS_SQLITE = (
    """
    CREATE VIRTUAL TABLE experiment_words USING fts5(
      name, model_type, notes, content='experiments', content_rowid='id',
      tokenize='unicode61 remove_diacritics 2'
    )
    """,
    f"CREATE TRIGGER experiment_words_insert AFTER INSERT ON experiments BEGIN {NEW_WORDS} END",
    f"CREATE TRIGGER experiment_words_delete AFTER DELETE ON experiments BEGIN {OLD_WORDS} END",
    f"""
    CREATE TRIGGER experiment_words_update AFTER UPDATE OF name, model_type, notes ON experiments
    BEGIN {OLD_WORDS} {NEW_WORDS} END
    """,
    "INSERT INTO experiment_words (experiment_words) VALUES ('rebuild')",
)
SUMMARY = ("name", "direction", "best", "best_epoch", "last", "last_epoch")
# Words of metrics whose lower end is the good one.
LOWER_IS_BETTER = {"loss", "error", "mae", "mse", "rmse", "eer", "ece"}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
NEW_TABLES = (
    "saved_queries", "sealed_removals", "sealed_parts", "experiment_parameters", "experiment_metrics"
)  # fmt: skip


def upgrade() -> None:
    op.add_column(
        "experiments", sa.Column("source", sa.String(length=32), server_default="training", nullable=False)
    )
    op.add_column("experiments", sa.Column("split", sa.String(), nullable=True))
    op.add_column("experiments", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    _make_tables()
    _fill(op.get_bind())
    op.create_index(
        "ix_experiments_facets",
        "experiments",
        ["archived_at", "status", "model_type", "dataset_id", "split", "created_by", "source"],
    )
    op.create_index(op.f("ix_experiments_created_at"), "experiments", ["created_at"])
    op.create_index(op.f("ix_experiments_duration_seconds"), "experiments", ["duration_seconds"])
    for statement in WORDS_SQLITE if op.get_bind().dialect.name == "sqlite" else WORDS_POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def _make_tables() -> None:
    op.create_table(
        "experiment_metrics",
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("best", sa.Double(), nullable=True),
        sa.Column("best_epoch", sa.Integer(), nullable=True),
        sa.Column("last", sa.Double(), nullable=True),
        sa.Column("last_epoch", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_experiment_metrics_experiment_id_experiments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("experiment_id", "name", name=op.f("pk_experiment_metrics")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "experiment_parameters",
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_experiment_parameters_experiment_id_experiments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("experiment_id", "name", name=op.f("pk_experiment_parameters")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_experiment_metrics_name_best", "experiment_metrics", ["name", "best"])
    for kind in ("number", "text"):
        op.create_index(f"ix_experiment_parameters_name_{kind}", "experiment_parameters", ["name", kind])
    op.create_table(
        "sealed_parts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("num_rows", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        *_written(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_parts")),
    )
    op.create_index(op.f("ix_sealed_parts_log_last_id"), "sealed_parts", ["log", "last_id"])
    op.create_table(
        "sealed_removals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("after_epoch", sa.Integer(), nullable=False),
        sa.Column("up_to_id", sa.BigInteger(), nullable=False),
        *_written(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_removals")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sealed_removals_log_experiment_id"), "sealed_removals", ["log", "experiment_id"])
    op.create_table(
        "saved_queries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sql", sa.Text(), nullable=False),
        sa.Column("chart", sa.JSON(), nullable=True),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        *_written(),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_saved_queries_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_queries")),
        sa.UniqueConstraint("user_id", "name", name="uq_user_saved_query_name"),
        sqlite_autoincrement=True,
    )


def _written() -> list[sa.Column[Any]]:
    return [
        sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("created_at", "updated_at")
    ]


experiments = sa.table(
    "experiments",
    sa.column("id", sa.Integer),
    sa.column("config", sa.JSON),
    sa.column("hyperparameters", sa.JSON),
    sa.column("metrics", sa.JSON),
    sa.column("split", sa.String),
)
epochs = sa.table(
    "training_runs",
    *(sa.column(name) for name in ("experiment_id", "epoch", *MEASURED)),
    sa.column("metrics", sa.JSON),
)
parameters = sa.table(
    "experiment_parameters", *(sa.column(name) for name in ("experiment_id", "name", "number", "text"))
)
metrics = sa.table("experiment_metrics", *(sa.column(name) for name in ("experiment_id", *SUMMARY)))


def _fill(connection: sa.Connection) -> None:
    """Write for the experiments that are stored what a new one gets as it is made and as it goes on."""
    after = 0
    while batch := connection.execute(
        sa.select(experiments).where(experiments.c.id > after).order_by(experiments.c.id).limit(BATCH)
    ).all():
        ids = [row.id for row in batch]
        after = ids[-1]
        read = sa.select(epochs).where(epochs.c.experiment_id.in_(ids))
        curves: dict[int, dict[str, dict[str, Any]]] = {each: {} for each in ids}
        for row in connection.execute(read.order_by(epochs.c.experiment_id, epochs.c.epoch)):
            of_epoch = {name: getattr(row, name) for name in MEASURED} | _numbers(row.metrics)
            for name, value in of_epoch.items():
                _take(curves[row.experiment_id], name, value, row.epoch)
        for row in batch:
            for name, value in _numbers(row.metrics).items():
                if name not in curves[row.id]:
                    _take(curves[row.id], name, value, None)
        _insert(
            connection,
            metrics,
            [{"experiment_id": each} | found for each in ids for found in curves[each].values()],
        )
        _insert(connection, parameters, [one for row in batch for one in _parameters(row)])
        named = [{"row_id": row.id, "kind": kind} for row in batch if (kind := _split_of(row.config))]
        if named:
            connection.execute(
                sa.update(experiments)
                .where(experiments.c.id == sa.bindparam("row_id"))
                .values(split=sa.bindparam("kind")),
                named,
            )


def _insert(connection: sa.Connection, table: sa.TableClause, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _numbers(measured: Any) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in (measured.items() if isinstance(measured, Mapping) else ())
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _take(found: dict[str, dict[str, Any]], name: str, value: float | None, epoch: int | None) -> None:
    if value is None or not math.isfinite(value):
        return
    words = {word.lower() for word in WORD.findall(name)}
    direction = "min" if words & LOWER_IS_BETTER and "neg" not in words else "max"
    before = found.get(name)
    if before is None:
        told = (name, direction, value, epoch, value, epoch)
        found[name] = dict(zip(SUMMARY, told, strict=True))
        return
    if value < before["best"] if direction == "min" else value > before["best"]:
        before |= {"best": value, "best_epoch": epoch}
    before |= {"last": value, "last_epoch": epoch}


def _parameters(row: Any) -> Iterator[dict[str, Any]]:
    for name, value in dict(_flatten("", row.hyperparameters)).items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield {
            "experiment_id": row.id,
            "name": name,
            "number": float(value) if is_number else None,
            "text": None if is_number else told,
        }


def _flatten(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flatten(f"{path}.{name}" if path else str(name), inner)
    elif path and value is not None:
        yield path, value


def _split_of(config: Any) -> str | None:
    split = config.get("split") if isinstance(config, Mapping) else None
    kind = split.get("kind") if isinstance(split, Mapping) else None
    return kind if isinstance(kind, str) else None


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER experiment_words_{event}")
        op.execute("DROP TABLE experiment_words")
    else:
        op.execute("DROP TRIGGER experiment_words ON experiments")
        op.execute("DROP FUNCTION brinell_index_experiment()")
        op.execute("DROP FUNCTION brinell_words(text, text)")
        op.drop_index("ix_experiments_search_vector", table_name="experiments")
    for name in ("duration_seconds", "created_at", "facets"):
        op.drop_index(f"ix_experiments_{name}", table_name="experiments")
    for table in NEW_TABLES:
        op.drop_table(table)
    for column in ("archived_at", "split", "source"):
        op.drop_column("experiments", column)
