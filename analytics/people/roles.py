"""Roles: what people may do, by the groups and the mail domain that a provider or a proxy names."""

from collections.abc import Iterable

from analytics.identity import ADMIN, INGEST, READ


class Roles:
    """The roles of people; each has the scopes of all its roles, and nobody without a role gets in.

    Args:
        admins: groups, and mail domains such as `@shop.example`, whose people may do everything.
        editors: those whose people may read and send.
        viewers: those whose people may read.

    Attributes:
        known: all groups and mail domains with a role.
    """

    def __init__(self, admins: Iterable[str], editors: Iterable[str], viewers: Iterable[str]) -> None:
        self._roles = (
            (frozenset(map(_folded, admins)), frozenset((ADMIN,))),
            (frozenset(map(_folded, editors)), frozenset((READ, INGEST))),
            (frozenset(map(_folded, viewers)), frozenset((READ,))),
        )
        self.known = frozenset[str]().union(*(members for members, _ in self._roles))

    @property
    def has_admins(self) -> bool:
        """Whether anybody is an admin by role."""
        return bool(self._roles[0][0])

    def groups_of(self, groups: Iterable[str], mail: str | None) -> list[str]:
        """Those of a person's groups, and their mail domain, that have a role.

        Args:
            groups: a group cannot pass for a mail domain, whatever its name.
            mail: an address that the person is known to own; None for none.
        """
        names = {name for name in groups if not name.startswith("@")}
        if mail is not None and "@" in mail:
            names.add(_folded("@" + mail.rpartition("@")[2]))
        return sorted(names & self.known)

    def scopes(self, groups: Iterable[str]) -> frozenset[str]:
        """The scopes of a person whose groups and mail domain these are; empty for nobody."""
        own = frozenset(groups)
        return frozenset[str]().union(*(scopes for members, scopes in self._roles if own & members))


def _folded(name: str) -> str:
    """Mail domains in lower case, as they are compared without regard to case; groups as they are."""
    return name.casefold() if name.startswith("@") else name
