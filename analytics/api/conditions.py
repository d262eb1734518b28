"""Conditional requests (RFC 9110): ETags of answers, and what If-Match and If-None-Match ask for."""

import re
from collections.abc import Callable
from typing import Any

from flask import Response, request
from werkzeug.datastructures import ETags

from analytics.api.answers import answer
from analytics.resources import Versions

VERSION_PATTERN = re.compile("0|[1-9][0-9]{0,17}")
"""A version in an ETag; `020` is no valid tag."""


def tagged(tag: str, payload: Callable[[], Any], *, weak: bool = False) -> Response:
    """The answer to a read, with this ETag; 304 where the client has that already, and then `payload` is not made."""
    response = answer(b"", 304) if request.if_none_match.contains_weak(tag) else answer(payload())
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(tag, weak=weak)
    return response


def if_match() -> Versions | None:
    """The versions that If-Match names; None without that header. Weak tags match nothing."""
    return _versions(request.if_match, is_given="If-Match" in request.headers, weak=False)


def if_none_match() -> Versions | None:
    """The versions that If-None-Match names; None without that header."""
    return _versions(request.if_none_match, is_given="If-None-Match" in request.headers, weak=True)


def _versions(tags: ETags, *, is_given: bool, weak: bool) -> Versions | None:
    if not is_given:
        return None
    if tags.star_tag:
        return "*"
    named = filter(None, tags.as_set(include_weak=weak))  # Werkzeug has None for an empty tag
    return tuple(sorted(int(tag) for tag in named if VERSION_PATTERN.fullmatch(tag)))
