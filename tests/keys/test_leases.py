"""Leases: which connections a check ends, and that it looks at them only when something changed."""

from collections.abc import Callable

import gevent

from analytics.identity import EVERYBODY, KEY, Identity
from analytics.keys.leases import YIELD_EVERY, Leases


class Rig:
    """Leases with a clock, a version and a lock that the test sets, and the names of the connections that ended."""

    def __init__(self) -> None:
        self.now, self.version, self.is_locked = 0.0, 0, True
        self.ended: list[str] = []
        self.asked = 0
        self.leases = Leases(lambda: self.now, lambda: self.version, lambda: self.is_locked)

    def open(self, name: str, until: float | Callable[[], float]) -> None:
        def valid_until() -> float:
            self.asked += 1
            return until() if callable(until) else until

        self.leases.add({KEY: Identity(name, valid_until=valid_until)}, lambda: self.ended.append(name))

    def check(self, *, now: float | None = None, changed: bool = False) -> list[str]:
        """Check, and return who ended by it."""
        self.now, self.version = self.now if now is None else now, self.version + changed
        before = len(self.ended)
        self.leases.check()
        return self.ended[before:]


def test_each_ends_when_it_expires_and_is_ended_once() -> None:
    rig = Rig()
    rig.open("late", 20.0)
    rig.open("soon", 10.0)
    rig.open("at once", -1.0)
    assert rig.check() == ["at once"]
    assert rig.check(now=9.9) == []
    assert rig.check(now=10.0) == ["soon"]
    assert rig.check(now=30.0) == ["late"]
    assert rig.check(now=40.0, changed=True) == []
    assert len(rig.leases) == 0


def test_each_ends_when_a_key_or_session_changes_and_it_is_not_valid_any_more() -> None:
    rig, ends = Rig(), {"first": 100.0, "second": 100.0}
    for name in ends:
        rig.open(name, lambda name=name: ends[name])  # type: ignore[misc]
    assert rig.check() == []
    ends["first"] = -1.0
    assert rig.check() == [], "nothing says that a key changed"
    assert rig.check(changed=True) == ["first"]


def test_a_check_without_a_change_asks_nobody() -> None:
    rig = Rig()
    for number in range(100):
        rig.open(str(number), 100.0)
    rig.check()
    rig.asked = 0
    for now in range(1, 100):
        rig.check(now=float(now))
    assert rig.asked == 0


def test_one_that_joins_after_a_check_is_checked_too() -> None:
    rig = Rig()
    rig.check()
    rig.open("revoked between its request and now", -1.0)
    rig.open("expires first", 5.0)
    assert rig.check() == ["revoked between its request and now"]
    assert rig.check(now=5.0) == ["expires first"]


def test_one_that_joins_during_a_check_is_checked_too() -> None:
    rig = Rig()
    for number in range(YIELD_EVERY):
        rig.open(str(number), 100.0)
    checking = gevent.spawn(rig.check)
    gevent.sleep(0)
    rig.open("newcomer", 5.0)
    checking.get()
    assert rig.check(now=5.0) == ["newcomer"]


def test_connections_opened_without_keys_end_once_keys_are_required() -> None:
    rig = Rig()
    rig.is_locked = False
    rig.leases.add({KEY: EVERYBODY}, lambda: rig.ended.append("everybody"))
    assert rig.check(changed=True) == []
    rig.is_locked = True
    assert rig.check(changed=True) == ["everybody"]


def test_one_that_was_removed_is_not_ended() -> None:
    rig = Rig()
    lease = rig.leases.add({KEY: Identity("gone", valid_until=lambda: 5.0)}, lambda: rig.ended.append("gone"))
    rig.leases.remove(lease)
    rig.leases.remove(lease)
    assert rig.check(now=10.0) == []


def test_one_that_cannot_be_closed_does_not_save_the_others() -> None:
    rig = Rig()

    def fail() -> None:
        raise OSError("no such socket")

    rig.leases.add({KEY: Identity("broken", valid_until=lambda: 5.0)}, fail)
    rig.open("other", 5.0)
    assert rig.check(now=5.0) == ["other"]
    assert len(rig.leases) == 0
