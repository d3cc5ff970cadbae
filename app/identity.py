"""Who is asking, as an Actor."""

from core.services.access import Actor, Via
from core.services.users import get_local_actor
from core.storage.database import session_scope


def current_actor(via: Via = "page") -> Actor:
    """Return the user of this page or call; until accounts exist, the home's one local user."""
    with session_scope() as session:
        return get_local_actor(session, via=via)
