"""Builds what takes log lines and spans in: their recorders, with rates and sampling, and the doors for HTTP."""

from collections.abc import Callable
from functools import partial

from analytics.config import Settings
from analytics.doors.limits import BodyLimits
from analytics.doors.record_doors import RecordDoors
from analytics.doors.records.rates import ServiceRates, Take
from analytics.doors.records.receiver import RecordReceiver
from analytics.doors.records.sampling import TraceSample
from analytics.keys.key import Rate
from analytics.keys.rates import Rates
from analytics.kinds import LOGS, SPANS
from analytics.log.recorder import Recorder
from analytics.privacy.redactor import Redactor

BURST_SECONDS = 10
"""Seconds of a rate that a service may send at once."""
RECORDS_OF_ITEM = 10
"""Lines or spans that a request in a protocol of others may have, for each item that a batch may have."""


def make_record_doors(
    settings: Settings,
    now: Callable[[], float],
    recorder: Recorder,
    redactor: Redactor,
    limits: BodyLimits,
    dropped: Callable[[str, int], None],
) -> RecordDoors:
    """The doors for log lines and spans; `now` returns seconds that only go forward."""
    most = RECORDS_OF_ITEM * settings.max_batch
    lines = RecordReceiver(
        LOGS,
        recorder,
        partial(recorder.record_batch, LOGS),
        redactor.lines,
        ServiceRates(_take("log lines", settings.logs_rate, now), "logs_rate"),
        most,
    )
    spans = RecordReceiver(
        SPANS,
        recorder,
        TraceSample(recorder, settings.trace_sample).record,
        redactor.spans,
        ServiceRates(_take("spans", settings.spans_rate, now), "spans_rate"),
        most,
    )
    return RecordDoors(lines, spans, limits, settings.max_batch, dropped)


def _take(what: str, per_second: float, now: Callable[[], float]) -> Take | None:
    if not per_second:
        return None
    rate, rates = Rate(per_second, max(1, BURST_SECONDS * per_second)), Rates(f"{what} of a service", now)
    return lambda service, count: rates.take(service, rate, count)
