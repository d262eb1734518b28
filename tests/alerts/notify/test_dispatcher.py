"""The dispatcher: it queues what is due in the log, and looks again only when something changed or is due."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

from analytics.alerting import Alert, AlertChange, NewAlertStates
from analytics.alerts.notify.dispatcher import Dispatcher, NoKnowledge
from analytics.alerts.notify.senders import Senders
from analytics.alerts.notify.situation import situation, versions
from analytics.jobs.job import Job
from analytics.jobs.supervisor import Supervisor
from analytics.notifications import NewNotificationEnd, QueuedMessage
from analytics.resources import NewChange
from tests.alerts.notify.world import labels_of
from tests.fakes import FakeClock
from tests.state.rig import Rig as StateRig


class Told(NoKnowledge):
    """What a test says of alerts."""

    def __init__(self) -> None:
        self.changes = 0
        self.more: Sequence[str] = ()
        self.change_at = float("inf")

    def version(self) -> Hashable:
        return self.changes

    def escalated(self, alert: Alert, now: float) -> Sequence[str]:
        return self.more if now >= self.change_at else ()

    def next_change(self, now: float) -> float:
        return self.change_at if now < self.change_at else float("inf")


class Quiet:
    """A sender that does nothing."""

    def __init__(self, name: str, woken: list[str]) -> None:
        self.name, self._woken = name, woken
        self.troubles: dict[int, Any] = {}

    def run(self) -> None:
        raise AssertionError("jobs do not run here")

    def wake(self, *, retries: bool = False) -> None:
        self._woken.append(self.name)


class Rig:
    """A dispatcher around a state."""

    def __init__(self) -> None:
        self.state = StateRig()
        self.knowledge = Told()
        self.woken: list[str] = []
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.looked = 0
        jobs = Supervisor(FakeClock())

        class Jobs:
            @staticmethod
            def begin(name: str, work: Callable[[], None]) -> Job:
                self.begun.append(name)
                return jobs.loop(name, work)

            @staticmethod
            def end(job: Job) -> None:
                self.ended.append(job.name)
                jobs.end(job)

        quiet = lambda name: Quiet(name, self.woken)  # noqa: E731
        self.dispatcher = Dispatcher(
            partial(self.state.reader.ask, versions),
            self._situation,
            self.state.recorder.notify,
            self.state.recorder.end_notification,
            Senders(Jobs(), quiet, quiet),
            self.knowledge,
            lambda: None,
        )

    def _situation(self) -> Any:
        self.looked += 1
        return self.state.reader.ask(situation)

    def receiver(self, name: str, **body: Any) -> None:
        given = {"type": "webhook", "url": "http://127.0.0.1:9/", **body}
        self.state.recorder.change(NewChange("receivers", name, given, who="ann"))

    def change(self, service: str, *, is_firing: bool) -> None:
        labels = labels_of(alertname="Slow", service=service)
        change = AlertChange("Slow", labels, "firing" if is_firing else "normal", is_firing, 1.0)
        self.state.recorder.change_alerts(NewAlertStates("rules", self.state.clock.wall(), [change]))

    def run(self, seconds: int) -> list[QueuedMessage]:
        """One step a second; returns the messages that wait then."""
        for _ in range(seconds):
            self.dispatcher.step()
            self.state.clock.advance(1)
        return self.waiting()

    def waiting(self) -> list[QueuedMessage]:
        return self.state.state.outbox.waiting()

    def sent(self, message: QueuedMessage) -> None:
        end = NewNotificationEnd(message.receiver, message.labels, message.number, "sent")
        self.state.recorder.end_notification(end)


def test_it_queues_what_is_due_and_looks_only_when_it_has_to() -> None:
    rig = Rig()
    rig.receiver("ops")
    assert rig.run(5) == []
    assert rig.looked == 1
    rig.change("shop", is_firing=True)
    assert rig.run(4) == []
    assert rig.looked == 2
    (message,) = rig.run(3)
    assert (message.receiver, message.firing, rig.woken, rig.begun) == ("ops", 1, ["ops"] * 2, ["sender to ops"])
    looked = rig.looked
    rig.run(60)
    assert rig.looked == looked
    rig.sent(message)
    rig.change("shop", is_firing=False)
    (message,) = rig.run(1)
    assert (message.firing, message.resolved) == (0, 1)


def test_a_receiver_that_is_deleted_gets_nothing_and_is_forgotten() -> None:
    rig = Rig()
    rig.receiver("ops")
    rig.change("shop", is_firing=True)
    assert len(rig.run(7)) == 1
    rig.state.recorder.change(NewChange("receivers", "ops", who="ann"))
    assert rig.run(1) == []
    assert [each.outcome for each in rig.state.state.outbox.ended] == ["withdrawn"]
    assert rig.ended == ["sender to ops"]
    assert dict(rig.state.state.outbox.boxes) == {}
    rig.receiver("ops")
    assert len(rig.run(7)) == 1, "one of the same name knows nothing"


def test_a_receiver_that_wants_nothing_more_gets_messages_after_a_change() -> None:
    rig = Rig()
    rig.receiver("ops")
    rig.change("shop", is_firing=True)
    (message,) = rig.run(7)
    version = rig.state.state.catalog.named("receivers")[0].version
    refused = NewNotificationEnd("ops", message.labels, message.number, "failed", 1, "410 Gone", version)
    rig.state.recorder.end_notification(refused)
    assert rig.run(60) == []
    rig.receiver("ops", send_resolved=False)
    assert len(rig.run(1)) == 1


def test_others_are_told_as_well_when_that_is_due() -> None:
    rig = Rig()
    for name in ("boss", "ops"):
        rig.receiver(name)
    rig.state.recorder.change(NewChange("routes", "main", {"receivers": ["ops"], "group_wait": "0s"}, who="ann"))
    rig.knowledge.more, rig.knowledge.change_at = ("boss",), rig.state.clock.wall() + 300
    rig.change("shop", is_firing=True)
    (message,) = rig.run(299)
    rig.sent(message)
    assert rig.run(1) == []
    (message,) = rig.run(2)
    assert message.receiver == "boss"
    rig.sent(message)
    rig.change("shop", is_firing=False)
    assert {each.receiver for each in rig.run(1)} == {"boss", "ops"}


def test_an_alertmanager_gets_no_messages() -> None:
    rig = Rig()
    rig.receiver("am", type="alertmanager")
    rig.change("shop", is_firing=True)
    assert rig.run(30) == []
    assert rig.woken == ["am"]
    assert [each.alert.key.rule for each in rig.dispatcher.alerts_for("am")] == ["Slow"]
    rig.receiver("am")
    assert len(rig.run(1)) == 1
    assert rig.ended == ["sender to am"]


def test_messages_to_what_becomes_an_alertmanager_are_withdrawn() -> None:
    rig = Rig()
    rig.receiver("ops")
    rig.change("shop", is_firing=True)
    assert len(rig.run(7)) == 1
    rig.receiver("ops", type="alertmanager")
    assert rig.run(1) == []
