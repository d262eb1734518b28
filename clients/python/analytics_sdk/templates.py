"""Templates of paths: ids become placeholders, so that there are few endpoints."""

import re
from functools import lru_cache

MOST_CHARACTERS = 200
MOST_SEGMENTS = 12

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*")
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_TOKEN = re.compile(r"(?=.*\d)([0-9a-f]{8,}|[\w~=.:@-]{20,}|[A-Za-z]{1,8}[_-]?\d{3,})", re.IGNORECASE | re.ASCII)
"""Hexadecimal digests, long keys, and ids such as `user-123` or `ORDER_4711`; each has a digit."""


@lru_cache(maxsize=4096)
def template(path: str) -> str:
    """Replace ids in a path and shorten it: `/users/42/orders/550e8400-e29b-…` is `/users/<number>/orders/<uuid>`."""
    segments = path.split("/")
    if len(segments) > MOST_SEGMENTS:
        segments = [*segments[:MOST_SEGMENTS], "…"]
    return "/".join(map(_placeholder, segments))[:MOST_CHARACTERS] or "/"


def _placeholder(segment: str) -> str:
    if _NUMBER.fullmatch(segment):
        return "<number>"
    if _UUID.fullmatch(segment):
        return "<uuid>"
    return "<id>" if _TOKEN.fullmatch(segment) else segment
