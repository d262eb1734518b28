"""The encoded snapshot: rebuilt when something changed, otherwise served again."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from analytics.snapshot.build import build_snapshot
from analytics.snapshot.source import SnapshotSource
from tests.state.rig import NOON, Rig, event


class Watched(Rig):
    """A rig with a snapshot source and a number of clients."""

    def __init__(self) -> None:
        super().__init__(wall=NOON + 0.25)
        self.connections = 0
        self.source = SnapshotSource(self.state, self.reader, lambda: self.connections)


def test_without_changes_the_bytes_are_reused_within_a_second() -> None:
    rig = Watched()
    rig.event()
    first = rig.source.current()
    rig.clock.advance(0.5)
    assert rig.source.current() is first
    rig.events(event(at=0))
    assert rig.source.current() is first, "a batch of rejected items changes nothing"
    rig.clock.advance(0.25)
    assert rig.source.current() is not first


CHANGES: dict[str, Callable[[Watched], object]] = {
    "an event": lambda rig: rig.event("page_view"),
    "a batch": lambda rig: rig.events(event(), event()),
    "a metric": lambda rig: rig.metric("memory", 1),
    "a heartbeat": lambda rig: rig.beat(),
    "a client": lambda rig: setattr(rig, "connections", 3),
    "a second": lambda rig: rig.clock.advance(1),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_makes_a_new_snapshot(change: str) -> None:
    rig = Watched()
    before = rig.source.current()
    CHANGES[change](rig)
    after = rig.source.current()
    assert after != before
    assert rig.source.current() is after


def test_each_acknowledged_record_is_in_the_next_snapshot() -> None:
    rig = Watched()
    for number in range(1, 20):
        rig.event()
        assert msgspec.json.decode(rig.source.current())["overview"]["total_requests"] == number
    rig.connections = 2
    assert msgspec.json.decode(rig.source.current())["realtime_stats"]["active_connections"] == 2


def test_a_new_client_changes_only_the_number_of_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    rig, built = Watched(), []

    def build(*given: Any) -> dict[str, Any]:
        built.append(given)
        return build_snapshot(*given)

    monkeypatch.setattr("analytics.snapshot.source.build_snapshot", build)
    rig.events(*(event("purchase", name, data={"text": name}) for name in ("shop", "\0", "\\u0000", "é")))
    before = msgspec.json.decode(rig.source.current())
    for count in (1, 20, 1_000, 0):
        rig.connections = count
        after = msgspec.json.decode(rig.source.current())
        assert after["realtime_stats"].pop("active_connections") == count
        before["realtime_stats"].pop("active_connections", None)
        assert after == before
    assert len(built) == 1
