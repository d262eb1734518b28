"""People whom a trusted proxy signed in: it names them, and their groups, in headers."""

from wsgiref.types import WSGIEnvironment

from analytics.addresses import TRUSTED
from analytics.identity import Identity, NotAllowed, always
from analytics.people.roles import Roles

MAX_NAME = 200


class ProxyUsers:
    """Finds the person that a trusted proxy names; the headers of everybody else are ignored.

    Args:
        user: the header with the person's name; empty for none. A name that is a mail address counts as verified.
        groups: the header with their groups, separated by commas; empty for none.
    """

    def __init__(self, user: str, groups: str, roles: Roles) -> None:
        self._user, self._groups, self._roles = _key(user), _key(groups), roles

    def __call__(self, environ: WSGIEnvironment) -> Identity | None:
        """Who sent a request; None if no trusted proxy says so.

        Raises:
            NotAllowed: the person has no role.
        """
        name = environ.get(self._user, "").strip() if self._user and TRUSTED in environ else ""
        if not name:
            return None
        groups = (group.strip() for group in environ.get(self._groups, "").split(","))
        # two headers of one name are joined by a comma: then the client sent one of them
        scopes = self._roles.scopes(self._roles.groups_of(groups, name)) if "," not in name else frozenset()
        if not scopes:
            raise NotAllowed(f"{name[:MAX_NAME]} has none of the groups that may use this service.", code="no_role")
        return Identity(name[:MAX_NAME], scopes, valid_until=always)


def _key(header: str) -> str:
    """Environ key of a header; empty for none."""
    return f"HTTP_{header.upper().replace('-', '_')}" if header else ""
