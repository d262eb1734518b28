"""What POST /events and POST /metrics share: one record or many, and a receipt that tells the truth."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar
from wsgiref.types import WSGIEnvironment

import msgspec

from analytics.api.answers import encode
from analytics.api.bodies import BodyReader
from analytics.errors import AnalyticsError
from analytics.ingest.recorder import Recorder, Taken
from analytics.records import Receipt
from analytics.schemas.compiled import Batch, SchemaDecoder
from analytics.schemas.forms import decode

R = TypeVar("R", bound=msgspec.Struct)


class Accepted(NamedTuple):
    """The answer to a request that was taken: JSON and its status."""

    json: bytes
    status: int


class Acceptor(NamedTuple, Generic[R]):
    """Records what requests hold, and answers with a receipt for a batch, with what `tell` says for a single record."""

    kind: str
    bodies: BodyReader
    decoder: SchemaDecoder[R]
    recorder: Recorder
    one: Callable[[R], Taken]
    many: Callable[[Batch[R]], Receipt]
    tell: Callable[[R, Taken], dict[str, Any]]

    def __call__(self, environ: WSGIEnvironment) -> Accepted:
        """Take a request.

        Raises:
            AnalyticsError: nothing was recorded; the error says why.
        """
        try:
            body = self.bodies.read(environ)
            decoded = decode(self.decoder, body.data, self.kind, is_lines=body.is_lines)
        except AnalyticsError as error:
            self.recorder.reject(self.kind, [error.code])
            raise
        if isinstance(decoded, Batch):
            return self._receipt(self.many(decoded))
        taken = self.one(decoded)
        return Accepted(encode(self.tell(decoded, taken)), 200 if taken.duplicate else 201)

    def _receipt(self, receipt: Receipt) -> Accepted:
        if receipt.accepted or receipt.duplicates:
            return Accepted(encode(receipt), 200)
        reasons = Counter(error.code for error in receipt.errors)
        message = f"None of the {receipt.rejected} {self.kind} could be recorded ({', '.join(reasons)})."
        problem = {"code": "nothing_accepted", "message": message, "fields": {}}
        return Accepted(encode({"error": problem, **msgspec.structs.asdict(receipt)}), 400)
