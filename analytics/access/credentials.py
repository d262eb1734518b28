"""Credentials of a request: a key, ticket or session cookie."""

import binascii
from base64 import b64decode
from typing import Literal, NamedTuple
from urllib.parse import unquote_plus
from wsgiref.types import WSGIEnvironment

from analytics.identity import COOKIE, Unauthorized

PING_PATH = "/heartbeat/"
INFLUX_WRITE = "/write"
"""Where clients of InfluxDB 1 put a user and a password into the query string, `u` and `p`; the key is the password."""


class Credentials(NamedTuple):
    """Credentials of a request.

    Attributes:
        form: `header` for a key in a header or as InfluxDB's password, `url` for a key in the query string,
            `ticket`, or `session` for a cookie.
    """

    form: Literal["header", "url", "ticket", "session"]
    secret: str


def credentials(environ: WSGIEnvironment) -> Credentials | None:
    """The credentials of a request; None if it has none. A header goes before the query string, that before a cookie.

    Raises:
        Unauthorized: a header is malformed.
    """
    in_url = take_from_url(environ)
    authorization = environ.get("HTTP_AUTHORIZATION")
    if authorization:
        return Credentials("header", _authorization(authorization))
    if key := environ.get("HTTP_X_API_KEY"):
        return Credentials("header", key)
    if in_url is not None:
        return in_url
    if COOKIE in environ.get("HTTP_COOKIE", ""):
        token = _cookie(environ["HTTP_COOKIE"])
        if token:
            return Credentials("session", token)
    return None


def take_from_url(environ: WSGIEnvironment) -> Credentials | None:
    """Remove a ticket or key from the query string, so that nothing else sees it, and return it."""
    query = environ.get("QUERY_STRING")
    if not query:
        return None
    is_influx = environ["PATH_INFO"] == INFLUX_WRITE
    if "ticket=" not in query and "key=" not in query and not (is_influx and "=" in query):
        return None
    names = {"ticket": "ticket"}
    if environ["REQUEST_METHOD"] == "POST" or environ["PATH_INFO"].startswith(PING_PATH):
        names["key"] = "url"
    if is_influx:
        names["p"], names["u"] = "header", "user"
    found: Credentials | None = None
    others: list[str] = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name not in names:
            others.append(part)
        elif names[name] != "user":
            found = found or Credentials(names[name], unquote_plus(value))  # type: ignore[arg-type]
    environ["QUERY_STRING"] = "&".join(others)
    return found


def _authorization(value: str) -> str:
    scheme, _, rest = value.strip().partition(" ")
    rest = rest.strip()
    if scheme.casefold() in ("bearer", "token"):
        return rest
    if scheme.casefold() == "basic":
        try:
            user, _, password = b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise Unauthorized("The Authorization header has Basic credentials that are not Base64.") from None
        return password or user
    raise Unauthorized("The Authorization header must have one of the forms `Bearer KEY`, `Token KEY` or Basic.")


def _cookie(header: str) -> str:
    """The value of the session cookie; other cookies may be malformed."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
