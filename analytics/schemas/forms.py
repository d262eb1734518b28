"""The forms in which records may be sent: one object, an array, an object around an array, or lines."""

import re
from typing import TypeVar

import msgspec

from analytics.errors import MalformedBody, ValidationFailed
from analytics.schemas.compiled import Batch, SchemaDecoder, parse

R = TypeVar("R", bound=msgspec.Struct)


def decode(decoder: SchemaDecoder[R], body: bytes, kind: str, *, is_lines: bool) -> R | Batch[R]:
    """One record, or a batch of them: `kind` names the array inside an object, `events` or `metrics`.

    Raises:
        MalformedBody: the body is not JSON, nested too deeply, or holds nothing.
        ValidationFailed: a single record, or the object around the array, is not as it must be.
        TooLarge: more items than a batch may have.
    """
    if is_lines:
        return decoder.lines(body)
    start = body[:1] if body[:1] in b"[{" else body.lstrip()[:1]
    if not start:
        raise MalformedBody("The body is empty.", code="empty_body")
    if start == b"[":
        return decoder.many(body)
    if re.match(rb'\s*\{\s*"%b"\s*:' % kind.encode(), body):
        fields: dict[str, msgspec.Raw] = parse(body, dict[str, msgspec.Raw])
        unknown = {name: ["Unknown field."] for name in fields if name != kind}
        if unknown:
            raise ValidationFailed(f"Unknown fields beside {kind!r}: {', '.join(unknown)}", fields=unknown)
        return decoder.many(bytes(fields[kind]))
    return decoder.one(body)
