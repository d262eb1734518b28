"""Head sampling: a share of the traces is kept, and the spans of the others are only counted."""

from analytics.kinds import SPAN_COUNTS, SPANS
from analytics.log.outcome import Decoded
from analytics.log.recorder import Recorder
from analytics.records import Receipt
from analytics.schemas.compiled import DecodedBatch
from analytics.spans import CountedSpan, NewSpan

RANDOM_DIGITS = 14
"""The last digits of the id of a trace, which are random (W3C Trace Context, level 2)."""


class TraceSample:
    """Records spans; of traces that are not kept, what counts alone.

    Args:
        share: the share of the traces that is kept. The id of the trace decides it, so a trace is kept as a whole, by
            every service alike.
    """

    def __init__(self, recorder: Recorder, share: float) -> None:
        self._recorder = recorder
        self._least = f"{min(int(16**RANDOM_DIGITS * (1 - share)), 16**RANDOM_DIGITS):0{RANDOM_DIGITS}x}"
        self._is_all = share >= 1

    def keeps(self, trace_id: str) -> bool:
        """Whether a trace is kept."""
        return self._is_all or (len(self._least) == RANDOM_DIGITS and trace_id[-RANDOM_DIGITS:] >= self._least)

    def record(self, batch: Decoded[NewSpan]) -> Receipt:
        """Record spans.

        Raises:
            Unavailable: a part of them could not be written.
        """
        if self._is_all:
            return self._recorder.record_batch(SPANS, batch)
        kept, counted = DecodedBatch[NewSpan]([], [], list(batch.errors)), DecodedBatch[CountedSpan]([], [], [])
        for place, span in zip(batch.places, batch.items, strict=True):
            if self.keeps(span.trace_id):
                kept.items.append(span)
                kept.places.append(place)  # type: ignore[union-attr]
            else:
                counted.items.append(CountedSpan.of(span))
                counted.places.append(place)  # type: ignore[union-attr]
        first = self._recorder.record_batch(SPANS, kept)
        if not counted.items:
            return first
        second = self._recorder.record_batch(SPAN_COUNTS, counted)
        return Receipt(
            first.accepted + second.accepted,
            first.duplicates + second.duplicates,
            first.rejected + second.rejected,
            sorted([*first.errors, *second.errors], key=lambda error: error.index),
        )
