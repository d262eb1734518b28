"""Allowed origins: which pages of other sites may use the service, as ANALYTICS_CORS_ORIGINS has them."""

from analytics.addresses import parse_origin


class Origins:
    """The allowed origins; `*` stands for all.

    Attributes:
        allows_any: whether `*` is among them.
    """

    def __init__(self, origins: tuple[str, ...]) -> None:
        self.allows_any = "*" in origins
        self._named = set(map(parse_origin, origins)) - {None}

    def names(self, origin: str) -> bool:
        """Whether the value of an Origin header is allowed by name, not just by `*`."""
        return parse_origin(origin) in self._named
