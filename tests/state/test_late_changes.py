"""Progress of the sink: which changes of closed buckets wait to be delivered."""

from analytics.records import NewDelivery
from analytics.state import late_changes
from analytics.state.late_changes import SERIES_SOURCE, USERS_SOURCE, SinkProgress
from analytics.state.resolution import Resolution
from analytics.state.rollup import Bucket

MINUTE, HOUR = Resolution.MINUTE, Resolution.HOUR
KEY = ("events", "shop", (("type", "a"),))


class Timed:
    """A progress and its time; a sink has recorded that it begins, if `has_sink`."""

    def __init__(self, *, has_sink: bool = True) -> None:
        self.now = 10_000.0
        self.progress = SinkProgress(lambda: self.now, (1, 60, 3_600, 86_400))
        self.note = self.progress.watch(SERIES_SOURCE)
        if has_sink:
            self.deliver(0, 0, 0.0)

    def deliver(self, since: int, upto: int, as_of: float, *late: tuple[str, int, int]) -> None:
        self.progress.delivered(NewDelivery("x", [since, 0, 0], [upto, 0, 0], as_of, list(late)))

    @property
    def waiting(self) -> set[tuple[str, Bucket]]:
        return set(self.progress.late)


def test_changes_wait_until_a_delivery_that_read_later() -> None:
    timed = Timed()
    timed.note(MINUTE, 60, [KEY])
    timed.deliver(0, 120, 10_000.0)
    assert timed.waiting == {(SERIES_SOURCE, Bucket(MINUTE, 60))}, "it may have been read before"
    timed.deliver(120, 180, 10_005.0)
    assert timed.waiting, "another bucket was delivered"
    timed.deliver(180, 180, 10_005.0, (SERIES_SOURCE, MINUTE, 60))
    assert not timed.waiting


def test_changes_during_a_delivery_wait() -> None:
    timed = Timed()
    timed.note(MINUTE, 60, [KEY])
    timed.now = 10_010.0
    timed.note(MINUTE, 60, [("other", "", ())])
    timed.deliver(0, 120, 10_005.0)
    assert timed.progress.late[SERIES_SOURCE, Bucket(MINUTE, 60)].keys == {KEY, ("other", "", ())}


def test_a_change_in_the_second_of_a_delivery_waits() -> None:
    timed = Timed()
    timed.now = 10_000.75
    timed.note(MINUTE, 60, [KEY])
    timed.deliver(0, 120, 10_000.9)
    assert timed.waiting, "it may have been read before"


def test_buckets_that_only_a_read_closed_are_not_collected() -> None:
    timed = Timed()
    timed.now = 119.9
    timed.note(MINUTE, 60, [KEY])
    assert not timed.waiting
    timed.now = 120.0
    timed.note(MINUTE, 60, [KEY])
    assert timed.waiting == {(SERIES_SOURCE, Bucket(MINUTE, 60))}


def test_seconds_are_not_collected_and_users_begin_with_minutes() -> None:
    timed = Timed()
    timed.note(Resolution.SECOND, 60, [KEY])
    timed.progress.watch(USERS_SOURCE, MINUTE)(0, 60, ["shop"])
    assert timed.waiting == {(USERS_SOURCE, Bucket(MINUTE, 60))}


def test_nothing_is_collected_without_a_sink() -> None:
    timed = Timed(has_sink=False)
    timed.note(MINUTE, 60, [KEY])
    assert not timed.waiting


def test_expired_minutes_count_as_missed_if_they_were_delivered_without_the_change() -> None:
    timed = Timed()
    timed.deliver(0, 120, 0.0)
    for start in (60, 120):
        timed.note(MINUTE, start, [KEY])
    timed.note(HOUR, 0, [KEY])
    timed.progress.expire([0, 180, 0, 0])
    assert timed.progress.missed == 1
    assert timed.waiting == {(SERIES_SOURCE, Bucket(HOUR, 0))}


def test_too_many_keys_make_whole_buckets() -> None:
    timed = Timed()
    most = late_changes.MOST_LATE_KEYS
    timed.note(MINUTE, 60, range(most))
    timed.note(MINUTE, 120, range(10))
    late = timed.progress.late
    assert late[SERIES_SOURCE, Bucket(MINUTE, 60)].keys is not None, "the second is not over"
    timed.progress.expire([0, 0, 0, 0])
    assert late[SERIES_SOURCE, Bucket(MINUTE, 60)].keys is None
    assert late[SERIES_SOURCE, Bucket(MINUTE, 120)].keys == {*range(10)}
    timed.note(MINUTE, 60, range(most))
    timed.progress.expire([0, 0, 0, 0])
    assert late[SERIES_SOURCE, Bucket(MINUTE, 60)].keys is None


def test_everything_outlives_a_checkpoint() -> None:
    timed, other = Timed(), Timed()
    timed.note(MINUTE, 60, [KEY])
    timed.progress.watch("custom")(HOUR, 3_600, [1, 2])
    timed.deliver(0, 60, 0.0)
    timed.progress.missed = 3
    other.progress.restore(timed.progress.dump())
    assert other.progress.dump() == timed.progress.dump()
    assert other.progress.late[SERIES_SOURCE, Bucket(MINUTE, 60)].keys == {KEY}
    assert other.progress.sink == "x"


def test_another_database_begins_with_nothing_missed() -> None:
    timed = Timed()
    timed.progress.missed = 3
    timed.progress.delivered(NewDelivery("y", [0, 0, 0], [60, 0, 0], 0.0))
    assert timed.progress.missed == 0
