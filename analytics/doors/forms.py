"""Decodes the forms of a JSON body: one object, an array, an object around an array, or NDJSON."""

import re
from itertools import islice
from typing import TypeVar

import msgspec

from analytics.errors import MalformedBody, ValidationFailed
from analytics.schemas.compiled import MOST_FIELDS, DecodedBatch, SchemaDecoder, parse
from analytics.schemas.surrogates import without_unpaired

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
