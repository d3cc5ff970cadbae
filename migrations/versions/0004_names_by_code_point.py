"""Sorting by name on PostgreSQL: an index in the order of code points, which both databases sort by.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-23 00:00:00 UTC
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite's own index of names is in that order already.
    if op.get_bind().dialect.name == "postgresql":
        op.execute('CREATE INDEX ix_experiments_name_code_point ON experiments (name COLLATE "C")')


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_experiments_name_code_point", "experiments")
