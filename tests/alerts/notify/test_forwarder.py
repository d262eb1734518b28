"""What is posted to an Alertmanager, and when, with a clock that the test moves."""

from collections.abc import Sequence

from analytics.alerting import Alert
from analytics.alerts.notify.delivery import NotDelivered
from analytics.alerts.notify.forwarder import MOST_POSTED, ForwardedAlert, Forwarder
from tests.alerts.notify.world import World
from tests.fakes import FakeClock


class Posts:
    """A forwarder, and what it posted as `name state`."""

    def __init__(self) -> None:
        self.world, self.clock = World(), FakeClock()
        self.posted: list[str] = []
        self.sizes: list[int] = []
        self.is_down = False
        self.muted: set[str] = set()
        self.forwarder = Forwarder("am", self.alerts, self.post, self.clock)

    def alerts(self) -> list[ForwardedAlert]:
        found = [alert for alert in self.world.alerts if alert.fired is not None]
        return [ForwardedAlert(alert, alert.key.rule in self.muted) for alert in found]

    def post(self, alerts: Sequence[Alert]) -> None:
        if self.is_down:
            raise NotDelivered("down")
        self.sizes.append(len(alerts))
        self.posted += [f"{alert.key.rule} {'firing' if alert.ended is None else 'resolved'}" for alert in alerts]

    def step(self, seconds: float = 0.0) -> list[str]:
        """Let time pass and forward; returns what was posted."""
        self.clock.advance(seconds)
        self.world.now = self.clock.wall()
        first = len(self.posted)
        self.pause = self.forwarder.step()
        return self.posted[first:]


def test_alerts_are_posted_at_once_and_kept_alive() -> None:
    posts = Posts()
    assert posts.step() == []
    posts.world.fire("Slow")
    assert posts.step() == ["Slow firing"]
    assert posts.step(30) == []
    assert posts.pause == 30
    assert posts.step(30) == ["Slow firing"]
    posts.world.resolve("Slow")
    assert posts.step(1) == ["Slow resolved"]
    assert [posts.step(60) for _ in range(6)] == [["Slow resolved"]] * 4 + [[], []], "for five minutes"


def test_what_was_not_taken_is_posted_later() -> None:
    posts = Posts()
    posts.is_down = True
    posts.world.fire("Slow")
    assert posts.step() == []
    assert (posts.pause, posts.forwarder.troubles[0].reason) == (1.0, "down")
    assert posts.step(0.5) == []
    assert posts.forwarder.troubles[0].attempts == 1, "it waits"
    posts.is_down = False
    assert posts.step(0.5) == ["Slow firing"]
    assert posts.forwarder.troubles == {}


def test_muted_alerts_are_not_posted_but_kept_alive() -> None:
    posts = Posts()
    posts.world.fire("Slow")
    posts.step()
    posts.world.fire("Down")
    posts.muted = {"Slow", "Down"}
    assert posts.step(60) == ["Slow firing"]
    posts.muted.clear()
    assert posts.step(1) == ["Down firing"]


def test_many_alerts_are_posted_in_parts() -> None:
    posts = Posts()
    posts.world.change_many(2 * MOST_POSTED + 1, is_firing=True)
    posts.step()
    assert posts.sizes == [MOST_POSTED, MOST_POSTED, 1]
