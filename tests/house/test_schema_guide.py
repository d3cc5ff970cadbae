"""The schema guide's own diagram and tables, read and held against the models."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module

import pytest
from sqlalchemy import Column, Enum, Index, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import MANYTOONE, ONETOMANY, Mapper, configure_mappers

from core import models
from core.models import Base
from core.settings import PROJECT_ROOT

GUIDE = PROJECT_ROOT.parent / "shared" / "schema-guide.md"
TABLES = Base.metadata.tables
# What each word of the diagram is on PostgreSQL, where the types are told apart.
TYPES = {
    "int": "INTEGER",
    "bigint": "BIGINT",
    "string": "VARCHAR",
    "text": "TEXT",
    "bool": "BOOLEAN",
    "float": "DOUBLE PRECISION",
    "datetime": "TIMESTAMP WITH TIME ZONE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "json": "JSON",
    "jsonb": "JSONB",
    "array": "VARCHAR[]",
    "tsvector": "TSVECTOR",
    "enum": "VARCHAR(32)",
}


@dataclass(frozen=True)
class Guide:
    text: str

    def diagram(self) -> Iterator[tuple[str, str, str, str]]:
        """Give table, column, type and key (PK, FK, UK or nothing) of every line of the diagram."""
        for table, body in re.findall(r"^    (\w+) \{\n(.*?)^    \}", self.text, re.MULTILINE | re.DOTALL):
            for kind, column, key in re.findall(r"^ +(\w+) (\w+) ?(\w*)$", body, re.MULTILINE):
                yield table, column, kind, key

    def rows(self, heading: str) -> list[list[str]]:
        """Return the cells of the table under a heading, without its head and without backticks."""
        section = re.split(rf"^#+ {re.escape(heading)}\n", self.text, flags=re.MULTILINE)[1]
        lines = re.split(r"^#", section, flags=re.MULTILINE)[0].splitlines()
        rows = [line for line in lines if line.startswith("|")][2:]
        assert rows, f"the guide has no table under {heading!r}"
        return [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")] for row in rows]

    def listed(self, label: str) -> list[tuple[str, str]]:
        """Return the (table, column) pairs of a bullet."""
        line = re.search(rf"^- \*\*{label}:\*\*(.*)$", self.text, re.MULTILINE)
        assert line, f"the guide has no bullet {label!r}"
        return re.findall(r"`(\w+)\.(\w+)`", line[1])


@pytest.fixture(scope="module")
def guide(require: Callable[[object, str], None]) -> Guide:
    require(GUIDE.is_file(), f"the schema guide {GUIDE}")
    configure_mappers()
    return Guide(GUIDE.read_text(encoding="utf-8"))


def mapper_of(class_name: str) -> Mapper[Base]:
    return getattr(models, class_name).__mapper__


def has_unique_index(column: Column[object]) -> bool:
    return any(index.unique and list(index.columns) == [column] for index in column.table.indexes)


def leads_an_index(column: Column[object]) -> bool:
    keys = [c for c in column.table.constraints if isinstance(c, UniqueConstraint | PrimaryKeyConstraint)]
    return any(next(iter(item.columns)) is column for item in [*column.table.indexes, *keys])


def index_named(table: Table, name: str) -> Index | None:
    return next((index for index in table.indexes if index.name == name), None)


def test_every_table_has_its_class_in_its_file(guide: Guide) -> None:
    catalog = guide.rows("Table Catalog")
    assert len(catalog) == 27
    assert {row[0] for row in catalog} == {line[0] for line in guide.diagram()}
    for table, class_name, file, _ in catalog:
        module = import_module("core." + file.removesuffix(".py").replace("/", "."))
        model = getattr(module, class_name)
        assert model.__module__ == module.__name__
        assert model.__tablename__ == table
        assert getattr(models, class_name) is model


def test_every_column_has_its_type(guide: Guide) -> None:
    wrong = []
    for table, name, kind, _ in guide.diagram():
        column = TABLES[table].columns.get(name)
        actual = None if column is None else column.type.compile(dialect=postgresql.dialect())
        if actual != TYPES[kind]:
            wrong.append(f"{table}.{name}: the guide says {kind}, the model {actual}")
    assert wrong == []


def test_every_key_of_the_diagram_is_one(guide: Guide) -> None:
    wrong = []
    for table, name, _, key in guide.diagram():
        column = TABLES[table].columns[name]
        holds = {"PK": column.primary_key, "FK": bool(column.foreign_keys), "UK": has_unique_index(column)}
        expected = {kind: kind == key for kind in holds}
        if holds != expected:
            wrong.append(f"{table}.{name}: the guide says {key or 'no key'}, the model {holds}")
    assert wrong == []


def test_foreign_keys_are_those_of_the_map_with_their_delete_rules(guide: Guide) -> None:
    in_guide = {(table, name) for table, name, _, _ in guide.diagram()}
    mapped = {tuple(row) for row in guide.rows("Foreign Key Map")}
    actual = {
        (table.name, key.parent.name, key.column.table.name, key.ondelete or "—")
        for table in TABLES.values()
        for constraint in table.foreign_key_constraints
        for key in constraint.elements
        if (table.name, key.parent.name) in in_guide
    }
    assert actual == mapped


def test_lines_of_the_diagram_are_foreign_keys(guide: Guide) -> None:
    lines = re.findall(r"^    (\w+) \|\|--o\{ (\w+) :", guide.text, re.MULTILINE)
    assert len(lines) == 21
    for parent, child in lines:
        assert parent in {key.column.table.name for key in TABLES[child].foreign_keys}, (parent, child)


def test_relationships_have_their_names_on_both_sides(guide: Guide) -> None:
    for parent, attribute, child, kind in guide.rows("ORM Relationships (back_populates / backref)"):
        relation = mapper_of(parent).relationships[attribute]
        assert (relation.mapper.class_.__name__, relation.direction) == (child, ONETOMANY)
        assert relation.back_populates, f"{parent}.{attribute} has no other side"
        back = relation.mapper.relationships[relation.back_populates]
        assert (back.back_populates, back.direction) == (attribute, MANYTOONE)
        if "cascade" in kind:
            assert relation.cascade.delete, f"{parent}.{attribute} does not cascade"
            assert relation.cascade.delete_orphan


def test_column_indexes_are_there(guide: Guide) -> None:
    for table, name in guide.listed("Unique indexes"):
        assert has_unique_index(TABLES[table].columns[name]), f"{table}.{name} has no unique index"
    for table, name in guide.listed("Filter indexes"):
        assert leads_an_index(TABLES[table].columns[name]), f"{table}.{name} has no index"


def test_composite_indexes_have_their_names_and_columns(guide: Guide) -> None:
    for table, name, columns, _ in guide.rows("Composite Indexes"):
        index = index_named(TABLES[table], name)
        assert index is not None, f"{table} has no index {name}"
        assert list(index.columns.keys()) == columns.split(", ")


def test_unique_constraints_have_their_names_and_columns(guide: Guide) -> None:
    for table, name, columns in guide.rows("Unique Constraints"):
        constraints = [c for c in TABLES[table].constraints if c.name == name]
        assert [list(c.columns.keys()) for c in constraints] == [columns.split(", ")], name
        assert isinstance(constraints[0], UniqueConstraint)


def test_enumerations_have_their_values_and_columns(guide: Guide) -> None:
    for class_name, values, used_by in guide.rows("Enumerations"):
        enum: type[StrEnum] = getattr(models, class_name)
        assert [member.value for member in enum] == values.split(", ")
        for table, name in (place.split(".") for place in used_by.split(", ")):
            stored = TABLES[table].columns[name].type
            assert isinstance(stored, Enum)
            assert (stored.enum_class, stored.enums) == (enum, values.split(", "))


def test_every_foreign_key_leads_an_index() -> None:
    columns = [key.parent for table in TABLES.values() for key in table.foreign_keys]
    assert [str(column) for column in columns if not leads_an_index(column)] == []


def test_an_epoch_is_unique_within_its_experiment() -> None:
    index = index_named(TABLES["training_runs"], "ix_training_runs_experiment_epoch")
    assert index is not None
    assert index.unique


@pytest.mark.parametrize(
    ("table", "added"),
    [
        ("users", {"totp_last_step", "password_changed_at"}),
        ("session_logs", {"expires_at", "revoked_reason"}),
        ("webhook_configurations", {"secret", "disabled_reason"}),
        ("webhook_logs", {"message_id", "next_attempt_at", "duration_ms"}),
        ("email_logs", {"idempotency_key"}),
        ("system_logs", {"previous_hash", "hash"}),
        *(
            (run, {"heartbeat_at", "worker", "attempt", "error_message", "started_at", "finished_at"})
            for run in (
                "experiments",
                "dataset_imports",
                "dataset_generations",
                "hpo_campaigns",
                "nas_campaigns",
            )
        ),
    ],
)
def test_promises_have_their_columns(table: str, added: set[str]) -> None:
    assert added <= set(TABLES[table].columns.keys())


def test_secrets_are_deferred() -> None:
    secrets = [
        ("User", "password_hash"),
        ("User", "totp_secret"),
        ("APIKey", "key_hash"),
        ("BackupCode", "code_hash"),
        ("WebhookConfiguration", "secret"),
    ]
    for class_name, name in secrets:
        assert mapper_of(class_name).column_attrs[name].deferred, f"{class_name}.{name}"
