"""The handler of log lines: it keeps them, and counts them by service and level."""

from collections import Counter
from collections.abc import Hashable, Sequence

from analytics.kinds import LOGS
from analytics.log.outcome import Outcome
from analytics.log.own_ids import OwnIds
from analytics.log.record_intake import NANOSECONDS, RecordIntake, RecordSeries
from analytics.log.seen_ids import SeenIds, key_of
from analytics.log_lines import NewLogLine, level_of
from analytics.points import COUNTER
from analytics.state.record_series import line_labels
from analytics.state.seen_errors import of_lines
from analytics.state.series.observed import Observed
from analytics.state.state import State


class LogLines:
    """Applies log lines."""

    def __init__(self, state: State, ids: SeenIds, own_ids: OwnIds) -> None:
        self._state = state
        self._intake: RecordIntake[NewLogLine] = RecordIntake(LOGS, state, ids, own_ids, _keys)
        self._series = RecordSeries(state, COUNTER)

    def apply(self, records: Sequence[NewLogLine], received: float, id_prefix: str) -> Outcome[NewLogLine]:
        """Apply the lines of an entry."""
        self._state.set_time(received)
        outcome = self._intake.keep(records, [line.time for line in records], received, id_prefix)
        self._count(outcome.kept.records, received)
        self._state.errors.groups.add(of_lines(outcome.kept.records, received))
        return outcome

    def new_names(self, record: NewLogLine) -> frozenset[Hashable]:
        """The service, if it is not known yet."""
        return self._intake.new_names(record)

    def _count(self, lines: Sequence[NewLogLine], received: float) -> None:
        now, series = int(received), self._series
        series.begin()
        counts = Counter(
            [(line.service, line.severity, now if line.time is None else line.time // NANOSECONDS) for line in lines]
        )
        observed = Observed.none()
        for (service, severity, second), count in counts.items():
            key = (service, severity)
            number = series.get(key)
            if number is None:
                number = series.find(key, line_labels(service, level_of(severity)), received)
                if number is None:
                    continue
            observed.ids.append(number)
            observed.values.append(float(count))
            observed.ats.append(float(second))
            observed.histograms.append(None)
        self._state.series_store.observe(COUNTER, observed, received)


def _keys(lines: Sequence[NewLogLine]) -> list[str]:
    return [key_of(line.id, line.sender) for line in lines if line.id is not None]
