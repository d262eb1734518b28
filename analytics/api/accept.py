"""What POST /events and POST /metrics share: one record or many, and a receipt that tells the truth."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import msgspec
from flask import Response, request

from analytics.api.answers import answer
from analytics.api.bodies import BodyReader
from analytics.errors import AnalyticsError
from analytics.ingest.recorder import Recorder, Taken
from analytics.records import Receipt
from analytics.schemas.compiled import Batch, SchemaDecoder
from analytics.schemas.forms import decode

R = TypeVar("R", bound=msgspec.Struct)


def accept(
    kind: str,
    bodies: BodyReader,
    decoder: SchemaDecoder[R],
    recorder: Recorder,
    one: Callable[[R], Taken],
    many: Callable[[Batch[R]], Receipt],
) -> tuple[R, Taken] | Response:
    """Record what the request holds: a receipt for a batch, the record and what became of it for a single one.

    Raises:
        AnalyticsError: nothing was recorded; the error says why.
    """
    try:
        body = bodies.read(request)
        decoded = decode(decoder, body.data, kind, is_lines=body.is_lines)
    except AnalyticsError as error:
        recorder.reject(kind, [error.code])
        raise
    if not isinstance(decoded, Batch):
        return decoded, one(decoded)
    receipt = many(decoded)
    if receipt.accepted or receipt.duplicates:
        return answer(receipt)
    reasons = Counter(error.code for error in receipt.errors)
    message = f"None of the {receipt.rejected} {kind} could be recorded ({', '.join(reasons)})."
    problem = {"code": "nothing_accepted", "message": message, "fields": {}}
    return answer({"error": problem, **msgspec.structs.asdict(receipt)}, 400)
