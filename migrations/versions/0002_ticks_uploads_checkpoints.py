"""Ticks and uploads; time limits of runs, findings of experiments, epochs of checkpoints.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-22 17:00:00 UTC
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RUNS = ("experiments", "dataset_imports", "dataset_generations", "hpo_campaigns", "nas_campaigns")


# Columns are added and dropped in place, not by a batch: on SQLite a batch makes the table anew, without
# the AUTOINCREMENT that keeps an id from being given twice.
def upgrade() -> None:
    for table in RUNS:
        op.add_column(table, sa.Column("time_limit_seconds", sa.Double(), nullable=True))
    op.add_column("experiments", sa.Column("findings", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("artifacts", sa.Column("epoch", sa.Integer(), nullable=True))
    op.create_index(
        "ix_artifacts_experiment_kind_name", "artifacts", ["experiment_id", "kind", "name"], unique=True
    )
    op.create_table(
        "ticks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_ticks")),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("dataset_import_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_uploads_created_by_users")),
        sa.ForeignKeyConstraint(
            ["dataset_import_id"],
            ["dataset_imports.id"],
            name=op.f("fk_uploads_dataset_import_id_dataset_imports"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_created_by"), "uploads", ["created_by"], unique=False)
    op.create_index(op.f("ix_uploads_dataset_import_id"), "uploads", ["dataset_import_id"], unique=False)


def downgrade() -> None:
    op.drop_table("uploads")
    op.drop_table("ticks")
    op.drop_index("ix_artifacts_experiment_kind_name", table_name="artifacts")
    op.drop_column("artifacts", "epoch")
    op.drop_column("experiments", "findings")
    for table in reversed(RUNS):
        op.drop_column(table, "time_limit_seconds")
