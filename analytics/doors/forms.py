"""Decodes the forms of a JSON body: one object, an array, an object around an array, or NDJSON."""

import re
from functools import cache
from itertools import islice
from typing import TypeVar

import msgspec

from analytics.errors import MalformedBody, ValidationFailed
from analytics.schemas.compiled import MOST_FIELDS, DecodedBatch, SchemaDecoder
from analytics.schemas.parsing import parse
from analytics.schemas.surrogates import without_unpaired

LARGE = 1024 * 1024
"""Bytes of a body that may have too many fields to look at all of them."""
R = TypeVar("R", bound=msgspec.Struct)


def decode(decoder: SchemaDecoder[R], body: bytes, kind: str, *, is_lines: bool) -> R | DecodedBatch[R]:
    """Decode one record or a batch of records.

    In a batch, an item that is not valid JSON is reported as an error; the other items are still decoded.

    Args:
        kind: name of the array inside an object: `events` or `metrics`.
        is_lines: whether the body is NDJSON.

    Raises:
        MalformedBody: the body is empty, not JSON, or nested too deeply.
        ValidationFailed: a single record, or the object around the array, is invalid.
        TooLarge: the batch has too many items.
    """
    if is_lines:
        return decoder.lines(body)
    start = body[:1] if body[:1] in b"[{" else body.lstrip()[:1]
    if not start:
        raise MalformedBody("The body is empty.", code="empty_body")
    if start == b"[":
        return decoder.many(body)
    wrapped = re.match(rb'\s*\{\s*"%b"\s*:\s*' % kind.encode(), body)
    if wrapped:
        if len(body) >= LARGE:
            _refuse_other_fields(body, kind)
        try:
            fields: dict[str, msgspec.Raw] = parse(body, dict[str, msgspec.Raw])
        except MalformedBody:
            is_array = body[wrapped.end() : wrapped.end() + 1] == b"["
            completed = decoder.complete_items(body, wrapped.end() + 1, b"}") if is_array else None
            if completed is None:
                raise
            return completed
        unknown = {name: ["Unknown field."] for name in islice(fields, MOST_FIELDS) if name != kind}
        if unknown:
            raise ValidationFailed(f"Unknown fields next to {kind!r}: {', '.join(islice(unknown, 5))}", fields=unknown)
        items = bytes(fields[kind])
        rest = body[wrapped.end() :]
        if not rest.startswith(items):
            rest = without_unpaired(rest)  # `parse` did the same to `fields`
        # JSON parsers keep the last of several equal names, which would silently lose the items of the others
        if not rest.startswith(items) or rest[len(items) :].strip() != b"}":
            raise ValidationFailed(f"{kind!r} must be given once.", fields={kind: ["Must be given once."]})
        return decoder.many(items)
    return decoder.one(body)


def _refuse_other_fields(body: bytes, kind: str) -> None:
    """Refuse an object around an array that has another field, at the first one.

    Raises:
        ValidationFailed: it has.
    """
    try:
        _only(kind).decode(body)
    except msgspec.ValidationError as error:
        name = str(error).partition("`")[2].removesuffix("`")[:100]
        problem = {name: ["Unknown field."]}
        raise ValidationFailed(f"Unknown fields next to {kind!r}: {name}", fields=problem) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # it is not valid JSON, which is worded elsewhere


@cache
def _only(kind: str) -> msgspec.json.Decoder[msgspec.Struct]:
    """Decodes objects with no other field."""
    return msgspec.json.Decoder(msgspec.defstruct("Only", [(kind, msgspec.Raw)], forbid_unknown_fields=True))
