"""The handler of spans: it keeps them, and counts requests, errors, latency and users of their services."""

from collections.abc import Hashable, Sequence
from typing import Any

from analytics.kinds import Kind
from analytics.log.outcome import Outcome
from analytics.log.own_ids import OwnIds
from analytics.log.record_intake import NANOSECONDS, RecordIntake, RecordSeries
from analytics.log.seen_ids import SeenIds, key_of
from analytics.points import HISTOGRAM, NAME_LABEL, Exemplar, labels_of
from analytics.spans import CONSUMER, SERVER, SPAN_KINDS, SPAN_STATUSES, NewSpan
from analytics.state.observations import Observations
from analytics.state.record_series import MAX_SPAN_SERIES, OTHER_SPANS, SPAN_TIME, span_labels
from analytics.state.seen_errors import of_spans
from analytics.state.series.observed import SingleValues
from analytics.state.state import State

FOLDED = "span_name_folded"
"""Reason under which spans are counted whose name has no series of its own."""


class Spans:
    """Applies spans of one kind: those that are kept, or those that are only counted.

    SERVER and CONSUMER spans are requests of their service. Where it sends `request` events or `requests` metrics as
    well, those alone count, so that no request counts twice.
    """

    def __init__(self, kind: Kind[Any], state: State, ids: SeenIds, own_ids: OwnIds) -> None:
        self._state = state
        self._intake: RecordIntake[NewSpan] = RecordIntake(kind, state, ids, own_ids, _keys)
        self._series = RecordSeries(state, HISTOGRAM)

    def apply(self, records: Sequence[NewSpan], received: float, id_prefix: str) -> Outcome[NewSpan]:
        """Apply the spans of an entry."""
        self._state.set_time(received)
        outcome = self._intake.keep(records, [span.start for span in records], received, id_prefix)
        spans = outcome.kept.records
        self._time(spans, received)
        self._state.errors.groups.add(of_spans(spans))
        self._state.apply(self._requests(spans, received), received)
        return outcome

    def new_names(self, record: NewSpan) -> frozenset[Hashable]:
        """The service, if it is not known yet."""
        return self._intake.new_names(record)

    def _time(self, spans: Sequence[NewSpan], received: float) -> None:
        """Observe the durations, and keep the slowest of each series as an exemplar."""
        store, values = self._state.series_store, SingleValues()
        for number, found in self._by_series(spans, received).items():
            times = [(span.end - span.start) / 1e6 for span in found]
            if min(times) < 0:
                times = [max(0.0, time) for time in times]
            values.add(number, times, [span.start / NANOSECONDS for span in found])
            slowest = found[times.index(max(times))]
            labels = labels_of([("span_id", slowest.span_id), ("trace_id", slowest.trace_id)])
            store.exemplars.add(number, Exemplar(labels, slowest.milliseconds, slowest.start / NANOSECONDS))
        store.observe_values(values, received)

    def _by_series(self, spans: Sequence[NewSpan], received: float) -> dict[int, list[NewSpan]]:
        """The spans by the series that counts them, those of each in their order."""
        alike: dict[tuple[str, str, int, int], list[NewSpan]] = {}
        for span in spans:
            key = (span.service, span.name, span.kind, span.status)
            found = alike.get(key)
            if found is None:
                alike[key] = [span]
            else:
                found.append(span)
        self._series.begin()
        by_series: dict[int, list[NewSpan]] = {}
        for key, found in alike.items():
            number = self._series.get(key)
            if number is None:
                number = self._find(found[0], key, received)
            if number is None:
                continue
            if number in self._series.folded:
                self._state.counters.dropped(FOLDED, len(found))
            by_series.setdefault(number, []).extend(found)
        return by_series

    def _find(self, span: NewSpan, key: Hashable, received: float) -> int | None:
        store, kind, status = self._state.series_store, SPAN_KINDS[span.kind], SPAN_STATUSES[span.status]
        labels = span_labels(span.service, span.name, kind, status)
        if labels in store.ids or store.ids.count(NAME_LABEL, SPAN_TIME) < MAX_SPAN_SERIES:
            return self._series.find(key, labels, received)
        number = self._series.find(key, span_labels(span.service, OTHER_SPANS, kind, status), received)
        if number is not None:
            self._series.folded.add(number)
        return number

    def _requests(self, spans: Sequence[NewSpan], received: float) -> list[Observations]:
        """The requests among the spans, by service and second."""
        grouped: dict[tuple[str, int], list[NewSpan]] = {}
        for span in spans:
            if span.kind in (SERVER, CONSUMER):
                grouped.setdefault((span.service, span.start // NANOSECONDS), []).append(span)
        found: list[Observations] = []
        for (service, second), together in grouped.items():
            known = self._state.services.get(service)
            if known is not None and "requests" in known.direct:
                continue
            at = received if second == int(received) else float(second)
            seen = Observations(service, at, min(at, received), is_from_spans=True)
            seen.add_request_spans(together)
            found.append(seen)
        return found


def _keys(spans: Sequence[NewSpan]) -> list[str]:
    return [span.trace_id + span.span_id if span.sender is None else key_of(span.id, span.sender) for span in spans]
