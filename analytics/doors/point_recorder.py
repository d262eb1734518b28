"""Records the points of a request, for all doors for numbers: rates, bound keys, redaction, receipts."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from typing import NamedTuple, Protocol
from wsgiref.types import WSGIEnvironment

from analytics.doors.senders import decoded_from, may_import
from analytics.errors import AnalyticsError, TooLarge, Unavailable
from analytics.identity import EVERYBODY, Identity, identity_of
from analytics.kinds import Kind
from analytics.log.outcome import MAX_ERRORS, Decoded
from analytics.log.recorder import Recorder
from analytics.points import NewPoint
from analytics.privacy.redactor import Redactor
from analytics.records import ItemError, Receipt
from analytics.schemas.compiled import DecodedBatch
from analytics.yielding import yield_if_due

POINTS_OF_ENTRY = 2_000
"""Points that are recorded as one entry of the log; other greenlets run between entries."""
PointBatch = DecodedBatch[NewPoint]
"""Points with their places in the request, and the errors of the other items; both are numbered alike, from 0."""


class PointLog(Protocol):
    """The part of the recorder that a door needs, for points alone."""

    def record_batch(self, batch: Decoded[NewPoint], /) -> Receipt:
        """Record points. Raises Unavailable."""

    def reject(self, codes: Iterable[str], /) -> None:
        """Count items that were rejected before they reached the log, by error code."""

    def new_names(self, point: NewPoint, /) -> frozenset[Hashable]:
        """The services and series of a point that the service does not know yet."""


class KindLog:
    """The recorder, for points alone."""

    def __init__(self, recorder: Recorder, kind: Kind[NewPoint]) -> None:
        self._recorder, self._kind = recorder, kind

    def record_batch(self, batch: Decoded[NewPoint]) -> Receipt:
        return self._recorder.record_batch(self._kind, batch)

    def reject(self, codes: Iterable[str]) -> None:
        self._recorder.reject(self._kind, codes)

    def new_names(self, point: NewPoint) -> frozenset[Hashable]:
        return self._recorder.new_names(self._kind, point)


class PointReceipt(NamedTuple):
    """The outcome of the points of a request.

    Attributes:
        accepted: how many were recorded, or repeat one that was.
        rejected: how many items were not.
        errors: why, by the place of the item in the request; the first 100.
        unavailable: why recording stopped after a part of the points; all later ones count as rejected. A sender may
            repeat the request: gauges and cumulative points that it holds twice change nothing, increases do.
    """

    accepted: int
    rejected: int
    errors: list[ItemError]
    unavailable: Unavailable | None = None


class PointRecorder:
    """Records the points that a door has decoded.

    Args:
        log: stores points, and counts the rejected ones.
        redactor: redacts the values of labels.
        most: how many points one request may have.
    """

    def __init__(self, log: PointLog, redactor: Redactor, most: int) -> None:
        self._log, self._redactor, self._most = log, redactor, most

    def receive(self, environ: WSGIEnvironment, decode: Callable[[], PointBatch]) -> PointReceipt:
        """Record the points of a request.

        Args:
            decode: reads and decodes the body.

        Raises:
            AnalyticsError: the request cannot be decoded, or nothing of it could be recorded.
        """
        identity = identity_of(environ)
        points = decoded_from(identity, decode, self.check, lambda code: self._log.reject([code]))
        return self.record(points, identity, partial(may_import, environ))

    def check(self, count: int) -> None:
        """Refuse a request with so many points; a decoder may ask before it has decoded all of them.

        Raises:
            TooLarge: these are too many.
        """
        if count > self._most:
            raise TooLarge(f"The request has more than {self._most} points; send smaller ones.", code="batch_too_large")

    def skip(self, code: str, count: int) -> None:
        """Count, by a reason, parts of a request that are not recorded because no figure stands for them."""
        self._log.reject([code] * count)

    def record(
        self, points: PointBatch, identity: Identity = EVERYBODY, is_import: Callable[[], bool] = lambda: False
    ) -> PointReceipt:
        """Record the points that their sender may send.

        Args:
            is_import: whether the sender may send hashes of an export, which redaction keeps.

        Raises:
            TooManyRequests: the sender exceeded its rate.
            Unavailable: nothing could be written.
        """
        count = len(points.items) + len(points.errors)
        try:
            identity.admit(count)
        except AnalyticsError as error:
            self._log.reject([error.code] * count)
            raise
        if not count:
            return PointReceipt(0, 0, [])
        accepted, errors, rejected = 0, list[ItemError](), 0
        left = len(points.items)
        for part in _slices(points):
            size = len(part.items)
            self._redactor.points(part.items, is_import)
            if identity.is_bound or identity.names is not None:
                part = part.without(partial(self._why_not, identity))
            try:
                receipt = self._log.record_batch(part)
            except Unavailable as error:
                if not accepted:
                    raise
                self._log.reject([error.code] * (left - size))  # the recorder counted those of this part
                return PointReceipt(accepted, rejected + left, errors, error)
            left -= size
            accepted, rejected = accepted + receipt.accepted + receipt.duplicates, rejected + receipt.rejected
            errors = sorted([*errors, *receipt.errors], key=_index)[:MAX_ERRORS]
        return PointReceipt(accepted, rejected, errors)

    def _why_not(self, identity: Identity, point: NewPoint) -> AnalyticsError | None:
        """Why the sender may not send a point; None if it may."""
        error = identity.why_not(point)
        if error is None and identity.names is not None:
            return identity.names.take(self._log.new_names(point))
        return error


def _slices(points: PointBatch) -> Iterator[PointBatch]:
    """The points in slices, the errors with the first of them; others may run between two slices."""
    yield PointBatch(points.items[:POINTS_OF_ENTRY], points.places[:POINTS_OF_ENTRY], points.errors)
    for start in range(POINTS_OF_ENTRY, len(points.items), POINTS_OF_ENTRY):
        yield_if_due()
        end = start + POINTS_OF_ENTRY
        yield PointBatch(points.items[start:end], points.places[start:end], [])


def _index(error: ItemError) -> int:
    return error.index
