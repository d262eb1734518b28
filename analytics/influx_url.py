"""The address of an InfluxDB of version 1, 2 or 3, or of VictoriaMetrics, in one URL."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit

VERSIONS = {("db",): 1, ("bucket", "org"): 2, ("database",): 3, (): 1}
"""Version by the parameters of the URL; VictoriaMetrics needs none, and takes those of version 1."""


class InfluxUrl(NamedTuple):
    """Where to write.

    Attributes:
        version: of the HTTP API.
        base: scheme, host, port and path, without a slash at its end.
        parameters: of the URL's query.
    """

    version: int
    base: str
    parameters: dict[str, str]

    @property
    def database(self) -> str:
        """The name of the database or bucket; empty if there is none."""
        names = self.parameters
        return names.get("db") or names.get("bucket") or names.get("database") or ""

    @property
    def text(self) -> str:
        """The address for people."""
        return f"{self.base} ({self.database})" if self.database else self.base


def parse_influx_url(text: str) -> InfluxUrl:
    """The address in `text`.

    Raises:
        ValueError: it is not one.
    """
    split = urlsplit(text)
    if split.scheme not in ("http", "https") or not _has_host(split) or split.fragment or not text.isprintable():
        raise ValueError("not an address")
    if "@" in split.netloc or " " in text:
        raise ValueError("user and password belong into ANALYTICS_INFLUX_TOKEN")
    pairs = parse_qsl(split.query, keep_blank_values=True, strict_parsing=bool(split.query))
    parameters = dict(pairs)
    version = VERSIONS.get(tuple(sorted(parameters)))
    if version is None or len(pairs) != len(parameters) or not all(parameters.values()):
        raise ValueError("not the parameters of any version")
    return InfluxUrl(version, f"{split.scheme}://{split.netloc}{split.path}".rstrip("/"), parameters)


def _has_host(split: SplitResult) -> bool:
    return bool(split.hostname) and split.port != 0  # a port that is no number raises ValueError


def without_secrets(text: str) -> str:
    """A URL that is not allowed, without what may be a user, password or token."""
    text = re.sub(r"//[^/?#]*@", "//***@", text)
    return re.sub(r"([?&](?!(?:db|org|bucket|database)=)[^=&#]*=)[^&#]*", r"\1***", text)
