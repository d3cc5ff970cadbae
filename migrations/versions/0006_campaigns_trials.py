"""Campaigns that train: what was asked for, the time spent, and each trial.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-23 11:10:00 UTC
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CAMPAIGNS = ("hpo_campaigns", "nas_campaigns")


def upgrade() -> None:
    for table in CAMPAIGNS:
        # The defaults are for rows that stand already; the program states each value itself.
        op.add_column(table, sa.Column("config", sa.JSON(), nullable=False, server_default="{}"))
        op.add_column(table, sa.Column("spent_seconds", sa.Double(), nullable=False, server_default="0"))
        op.add_column(table, sa.Column("duration_seconds", sa.Double(), nullable=True))
        op.add_column(table, sa.Column("findings", sa.JSON(), nullable=False, server_default="[]"))
        op.add_column(table, sa.Column("notebook_id", sa.String(), nullable=True))
    _create_hpo_trials()
    for column in _trial_columns(of_stored=True):
        op.add_column("nas_trials", column)


def _trial_columns(*, of_stored: bool) -> list[sa.Column[object]]:
    def default(value: str) -> str | None:
        return value if of_stored else None

    return [
        sa.Column("state", sa.String(length=32), nullable=False, server_default=default("completed")),
        sa.Column("parameters", sa.JSON(), nullable=False, server_default=default("{}")),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("epochs", sa.Integer(), nullable=False, server_default=default("0")),
        sa.Column("attrs", sa.JSON(), nullable=False, server_default=default("{}")),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
    ]


def _create_hpo_trials() -> None:
    op.create_table(
        "hpo_trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=True),
        sa.Column("trial_number", sa.Integer(), nullable=False),
        *_trial_columns(of_stored=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["hpo_campaigns.id"],
            name=op.f("fk_hpo_trials_campaign_id_hpo_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_hpo_trials_experiment_id_experiments"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hpo_trials")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_hpo_trials_campaign_trial", "hpo_trials", ["campaign_id", "trial_number"], unique=True
    )
    op.create_index(op.f("ix_hpo_trials_experiment_id"), "hpo_trials", ["experiment_id"])


def downgrade() -> None:
    op.drop_table("hpo_trials")
    for column in _trial_columns(of_stored=True):
        op.drop_column("nas_trials", column.name)
    for table in CAMPAIGNS:
        for column in ("config", "spent_seconds", "duration_seconds", "findings", "notebook_id"):
            op.drop_column(table, column)
