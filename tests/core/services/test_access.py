from dataclasses import dataclass

import pytest

from core.errors import ForbiddenError
from core.services.access import Actor, require_ownership, require_researcher


@dataclass
class Row:
    created_by: int | None


MINE = Row(created_by=1)


def test_viewer_is_refused_even_what_is_their_own() -> None:
    viewer = Actor(1, "viewer", "page")
    with pytest.raises(ForbiddenError, match="your role is viewer, and this act needs researcher or admin"):
        require_researcher(viewer)
    with pytest.raises(ForbiddenError, match="your role is viewer"):
        require_ownership(viewer, MINE, "experiment 1")


def test_researcher_may_change_what_is_their_own_only() -> None:
    require_ownership(Actor(1, "researcher", "api"), MINE, "experiment 1")
    with pytest.raises(ForbiddenError, match="experiment 1 belongs to another user"):
        require_ownership(Actor(2, "researcher", "api"), MINE, "experiment 1")


def test_admin_may_change_what_is_anybodys() -> None:
    require_ownership(Actor(2, "admin", "cli"), MINE, "experiment 1")
