"""Who acts, and what their role and ownership allow; asked here and nowhere else."""

from dataclasses import dataclass
from typing import Literal, Protocol

from core.errors import ForbiddenError

Role = Literal["viewer", "researcher", "admin"]
Via = Literal["page", "api", "job", "cli", "notebook"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A user acting through a page, a call, a job, a command or a notebook."""

    user_id: int
    role: Role
    via: Via


class Owned(Protocol):
    """A row that belongs to somebody."""

    @property
    def created_by(self) -> int | None:
        """The owner's id."""


def require_researcher(actor: Actor) -> None:
    """Refuse actors who may only read."""
    if actor.role == "viewer":
        raise ForbiddenError(
            "your role is viewer, and this act needs researcher or admin; ask an admin for the role"
        )


def require_ownership(actor: Actor, row: Owned, what: str) -> None:
    """Refuse changes to another user's object, but for admins."""
    require_researcher(actor)
    if actor.role != "admin" and row.created_by != actor.user_id:
        raise ForbiddenError(f"{what} belongs to another user; only its owner or an admin may change it")
