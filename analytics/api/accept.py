"""What POST /events and POST /metrics share: one record or many, and a receipt that tells the truth."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Generic, NamedTuple
from wsgiref.types import WSGIEnvironment

import msgspec

from analytics.api.answers import encode
from analytics.api.bodies import BodyReader
from analytics.errors import AnalyticsError
from analytics.kinds import Kind
from analytics.log.handlers import Taken
from analytics.log.recorder import Recorder
from analytics.records import R, Receipt
from analytics.schemas.compiled import Batch, SchemaDecoder
from analytics.schemas.forms import decode


class Accepted(NamedTuple):
    """The answer to a request that was taken: JSON and its status."""

    json: bytes
    status: int


class Acceptor(NamedTuple, Generic[R]):
    """Records what requests hold, and answers with a receipt for a batch, with what `tell` says for a single record."""

    kind: Kind[R]
    bodies: BodyReader
    decoder: SchemaDecoder[R]
    recorder: Recorder
    tell: Callable[[R, Taken], dict[str, Any]]

    def __call__(self, environ: WSGIEnvironment) -> Accepted:
        """Take a request.

        Raises:
            AnalyticsError: nothing was recorded; the error says why.
        """
        try:
            body = self.bodies.read(environ)
            decoded = decode(self.decoder, body.data, self.kind.name, is_lines=body.is_lines)
        except AnalyticsError as error:
            self.recorder.reject(self.kind, [error.code])
            raise
        if isinstance(decoded, Batch):
            return self._receipt(self.recorder.record_batch(self.kind, decoded))
        taken = self.recorder.record(self.kind, decoded)
        return Accepted(encode(self.tell(decoded, taken)), 200 if taken.duplicate else 201)

    def _receipt(self, receipt: Receipt) -> Accepted:
        if receipt.accepted or receipt.duplicates:
            return Accepted(encode(receipt), 200)
        reasons = Counter(error.code for error in receipt.errors)
        message = f"None of the {receipt.rejected} {self.kind.name} could be recorded ({', '.join(reasons)})."
        problem = {"code": "nothing_accepted", "message": message, "fields": {}}
        return Accepted(encode({"error": problem, **msgspec.structs.asdict(receipt)}), 400)
