"""Records the log lines or spans of a request, for all doors: rates, bound keys, redaction, receipts."""

from collections.abc import Callable, Iterator, Sequence, Set
from functools import partial
from typing import Generic
from wsgiref.types import WSGIEnvironment

from analytics.doors.json_door import name_sender
from analytics.doors.records.rates import L, ServiceRates
from analytics.doors.senders import decoded_from, may_import
from analytics.errors import AnalyticsError, TooLarge
from analytics.identity import EVERYBODY, Identity, identity_of
from analytics.kinds import Kind
from analytics.log.outcome import MAX_ERRORS, Decoded
from analytics.log.recorder import Recorder
from analytics.records import ItemError, Receipt
from analytics.schemas.compiled import DecodedBatch
from analytics.yielding import yield_if_due

RECORDS_OF_ENTRY = 2_000
"""Records that are written as one entry of the log; others run between entries."""

Redact = Callable[[Sequence[L], Callable[[], bool], Set[str] | None], None]


class RecordReceiver(Generic[L]):
    """Records the lines or spans that a door has decoded.

    Args:
        kind: the kind of record.
        recorder: counts the rejected ones, and knows the names in use.
        record: records a batch. Raises Unavailable.
        redact: redacts records in place; its second argument says whether hashes in them are kept, the third is
            `DecodedBatch.names`.
        rates: the rates of services.
        most: how many records one request may have.
    """

    def __init__(
        self,
        kind: Kind[L],
        recorder: Recorder,
        record: Callable[[Decoded[L]], Receipt],
        redact: Redact[L],
        rates: ServiceRates,
        most: int,
    ) -> None:
        self._kind: Kind[L] = kind
        self._redact: Redact[L] = redact
        self._record: Callable[[Decoded[L]], Receipt] = record
        self._recorder = recorder
        self._rates, self._most = rates, most

    def receive(
        self, environ: WSGIEnvironment, decode: Callable[[], DecodedBatch[L]], *, is_whole: bool = False
    ) -> Receipt:
        """Record what a request has; see `record`.

        Args:
            decode: reads and decodes the body.

        Raises:
            AnalyticsError: the request cannot be decoded, or nothing of it could be recorded.
        """
        identity = identity_of(environ)
        batch = decoded_from(identity, decode, self.check, lambda code: self._recorder.reject(self._kind, [code]))
        return self.record(batch, identity, partial(may_import, environ), is_whole=is_whole)

    def check(self, count: int) -> None:
        """Refuse a request with so many records; a decoder may ask before it has decoded all of them.

        Raises:
            TooLarge: these are too many.
        """
        if count > self._most:
            raise TooLarge(
                f"The request has more than {self._most} {self._kind.name}; send smaller ones.", code="batch_too_large"
            )

    def record(
        self,
        batch: DecodedBatch[L],
        identity: Identity = EVERYBODY,
        is_import: Callable[[], bool] = lambda: False,
        *,
        is_whole: bool = False,
    ) -> Receipt:
        """Record what its sender may send.

        Args:
            is_import: whether the sender may send hashes of an export, which redaction keeps.
            is_whole: whether rates refuse all of it or nothing, since the protocol cannot refuse a part.

        Raises:
            TooManyRequests: the sender, or every service in it, exceeded its rate.
            Unavailable: a part could not be written; the sender is to repeat all of it, where lines without ids that
                were written before then stand twice.
        """
        count = len(batch.items) + len(batch.errors)
        try:
            identity.admit(count)
            if identity.has_own_ids:
                name_sender(batch.items, identity.who)
            if identity.is_bound or identity.names is not None:
                batch = batch.without(partial(self._why_not, identity))
            batch = self._rates.limited(batch, is_whole=is_whole)
        except AnalyticsError as error:
            self._recorder.reject(self._kind, [error.code] * count)
            raise
        accepted = duplicates = rejected = 0
        errors: list[ItemError] = []
        for part in _slices(batch):
            self._redact(part.items, is_import, part.names)
            receipt = self._record(part)
            accepted, duplicates = accepted + receipt.accepted, duplicates + receipt.duplicates
            rejected += receipt.rejected
            errors += receipt.errors
        if len(batch.items) > RECORDS_OF_ENTRY:
            errors = sorted(errors, key=_index)[:MAX_ERRORS]
        return Receipt(accepted, duplicates, rejected, errors)

    def _why_not(self, identity: Identity, record: L) -> AnalyticsError | None:
        """Why the sender may not send a record; None if it may."""
        error = identity.why_not(record)
        if error is None and identity.names is not None:
            return identity.names.take(self._recorder.new_names(self._kind, record))
        return error


def _slices(batch: DecodedBatch[L]) -> Iterator[DecodedBatch[L]]:
    """The records in slices, the errors with the first of them; others may run between two slices."""
    if len(batch.items) <= RECORDS_OF_ENTRY:
        yield batch
        return
    for start in range(0, len(batch.items), RECORDS_OF_ENTRY):
        end = start + RECORDS_OF_ENTRY
        errors = [] if start else batch.errors
        yield DecodedBatch(batch.items[start:end], batch.places[start:end], errors, batch.names)
        yield_if_due()


def _index(error: ItemError) -> int:
    return error.index
