"""Counts of outcomes and drops."""

from collections import Counter

from analytics.state.counters import Counters


def test_outcomes_are_counted_by_kind_and_drops_by_reason() -> None:
    counters = Counters()
    counters.taken("events", 3, 2)
    counters.rejected("events", Counter(validation_failed=2, timestamp_too_old=1))
    counters.rejected("metrics", Counter(["validation_failed"]))
    counters.dropped("endpoint_evicted")
    counters.dropped("event_type_folded", 4)
    assert counters.outcomes["events"] == {"accepted": 3, "duplicates": 2, "rejected": 3}
    assert counters.outcomes["metrics"] == {"accepted": 0, "duplicates": 0, "rejected": 1}
    assert counters.outcomes["heartbeats"] == {"accepted": 0, "duplicates": 0, "rejected": 0}
    assert counters.drops == {
        "validation_failed": 3,
        "timestamp_too_old": 1,
        "endpoint_evicted": 1,
        "event_type_folded": 4,
    }
