"""Converters of settings: from the text of an environment variable to a value, and back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Generic, TypeVar

from analytics.addresses import is_base_path, is_issuer, parse_origin
from analytics.influx_url import parse_influx_url, without_secrets

T = TypeVar("T")
N = TypeVar("N", int, float)
HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}")
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Converter(Generic[T]):
    """Converts the text of an environment variable to a value, and back.

    Attributes:
        read: text to value; raises ValueError if the text is not allowed.
        allowed: the allowed texts in words, for error messages.
        show: value to a text that `read` accepts.
        redact: a text that is not allowed, for error messages.
    """

    read: Callable[[str], T]
    allowed: str
    show: Callable[[T], str] = str
    redact: Callable[[str], str] = str


def number(kind: type[N], low: N, high: N) -> Converter[N]:
    """A number of type `kind` from `low` to `high`."""

    def read(text: str) -> N:
        value = kind(text)
        if not low <= value <= high:  # refuses NaN too
            raise ValueError("out of range")
        return value

    return Converter(read, f"a {'whole ' * (kind is int)}number from {low} to {high}")


def choice(*words: str) -> Converter[str]:
    """One of several words, in upper or lower case."""
    by_folded = {word.casefold(): word for word in words}

    def read(text: str) -> str:
        if text.casefold() not in by_folded:
            raise ValueError("none of the words")
        return by_folded[text.casefold()]

    return Converter(read, "one of " + ", ".join(words))


def checked(check: Callable[[str], bool], allowed: str) -> Converter[str]:
    """A text that passes a check."""

    def read(text: str) -> str:
        if not check(text):
            raise ValueError("the check failed")
        return text

    return Converter(read, allowed)


def checked_list(check: Callable[[tuple[str, ...]], bool], allowed: str) -> Converter[tuple[str, ...]]:
    """Texts separated by commas that together pass a check."""

    def read(text: str) -> tuple[str, ...]:
        texts = tuple(part.strip() for part in text.split(",")) if text else ()
        if not check(texts):
            raise ValueError("the check failed")
        return texts

    return Converter(read, allowed, ",".join)


def _is_host(text: str) -> bool:
    return HOST_NAME.fullmatch(text) is not None or _is_valid(ip_address, text)


def _is_path(text: str) -> bool:
    return "\0" not in text and text == text.strip()


def _are_origins(texts: tuple[str, ...]) -> bool:
    return texts == ("*",) or (bool(texts) and all(map(parse_origin, texts)))


def _are_only_origins(texts: tuple[str, ...]) -> bool:
    return all(map(parse_origin, texts))


def _are_networks(texts: tuple[str, ...]) -> bool:
    return all(_is_valid(ip_network, text) for text in texts)


def _are_groups(texts: tuple[str, ...]) -> bool:
    return all(text not in ("", "@") for text in texts)


def _is_valid(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


HOST = checked(_is_host, "an IP address or a host name, without a port")
PATH = checked(_is_path, "a path, without blanks around it")
BASE_PATH = checked(
    lambda text: not text or is_base_path(text),
    "empty, or a path such as /stats or /ops/live: letters, digits and -._~, without a slash at its end",
)
ADMIN_KEY = checked(
    lambda text: not text or (20 <= len(text) <= 512 and text.isascii() and text.isprintable() and " " not in text),
    "empty, or 20 to 512 printable ASCII characters without blanks",
)
TEXT = checked(lambda text: text == text.strip() and text.isprintable(), "a text without blanks around it")
HEADER = checked(
    lambda text: not text or HEADER_NAME.fullmatch(text) is not None, "empty, or a name such as X-Forwarded-User"
)
ISSUER = checked(
    lambda text: not text or is_issuer(text),
    "empty, or a URL such as https://login.shop.example/realms/shop; http:// only on this machine",
)
PUBLIC_URL = checked(
    lambda text: not text or re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", text) is not None,
    "empty, or a URL such as https://stats.shop.example",
)
GROUPS = checked_list(_are_groups, "empty, or a comma-separated list such as ops,@shop.example")
ORIGINS = checked_list(_are_origins, "* or a comma-separated list such as https://shop.example,https://admin.example")
SOME_ORIGINS = checked_list(
    _are_only_origins, "empty, or a comma-separated list such as https://shop.example,https://admin.example"
)
NETWORKS = checked_list(
    _are_networks, "empty, or a comma-separated list of addresses and networks such as 127.0.0.1,10.0.0.0/8"
)
INFLUX_URL = Converter(
    lambda text: text and parse_influx_url(text) and text,
    "empty, or a URL such as http://influx.example:8086?db=analytics (version 1, or VictoriaMetrics), "
    "https://influx.example?org=shop&bucket=analytics (2) or http://influx.example:8181?database=analytics (3), "
    "without a user and password",
    redact=without_secrets,
)
INFLUX_TOKEN = checked(
    lambda text: text == text.strip() and text.isprintable() and text.isascii(),
    "empty, a token, user:password, or where to find it: ${NAME} or file:/path",
)
HASH_KEY = checked(lambda text: not text or len(text) >= 16, "empty, or a text of 16 characters or more")
