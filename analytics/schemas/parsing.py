"""Parses JSON that comes from outside, with errors for people."""

from functools import partial
from typing import Any

import msgspec

from analytics.errors import ValidationFailed
from analytics.garbage import decoded
from analytics.schemas.malformed import malformed
from analytics.schemas.surrogates import without_unpaired
from analytics.schemas.value_limit import check_values

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def parse(body: bytes, type_: Any = Any, what: str = "body") -> Any:
    """Decode JSON; an unpaired surrogate becomes U+FFFD. Errors call the input `what`.

    Raises:
        MalformedBody: not JSON, nested too deeply, or with too many values.
    """
    if type_ is Any:
        check_values(body)
    try:
        return decoded(partial(msgspec.json.decode, type=type_), body)
    except UNREADABLE as error:
        repaired = without_unpaired(body)
        if repaired == body:
            raise malformed(body, error, what) from None
    return parse(repaired, type_, what)


def parse_array(body: bytes) -> list[msgspec.Raw]:
    """Items of a JSON array, not yet decoded.

    Raises:
        MalformedBody: not JSON, or nested too deeply.
        ValidationFailed: JSON, but not an array.
    """
    if not body.lstrip().startswith(b"["):
        parse(body)
        raise ValidationFailed("A batch must be a JSON array of objects.")
    items: list[msgspec.Raw] = parse(body, list[msgspec.Raw])
    return items
