"""The outbox: one message of a group at a time, and each record counts once."""

from analytics.alerting import AlertKey
from analytics.notifications import FiredAlert, MessageAlert, NewNotification, NewNotificationEnd, Outcome
from analytics.state.alerts.outbox import ENDED_KEPT, NotificationOutbox

GROUP = (("alertname", "Slow"),)
KEY = AlertKey("latency", "Slow", (("alertname", "Slow"), ("service", "shop")))
FIRED = NewNotification("ops", GROUP, "changed", 0, [FiredAlert(KEY, 10.0)], [], 1)


def resolved(after: int, reason: str = "changed") -> NewNotification:
    about = [MessageAlert(KEY, 10.0, 20.0, None, {})]
    return NewNotification("ops", GROUP, reason, after, [], [KEY], 0, about)  # type: ignore[arg-type]


def ended(number: int, outcome: Outcome = "sent", **more: int) -> NewNotificationEnd:
    return NewNotificationEnd("ops", GROUP, number, outcome, **more)


def told(outbox: NotificationOutbox) -> dict[AlertKey, float]:
    return {key: fired for _, _, group in outbox for key, fired in group.told.items()}


def test_of_two_records_about_one_change_the_first_counts() -> None:
    outbox = NotificationOutbox()
    first = outbox.queue(FIRED, 15.0)
    assert first is not None
    assert outbox.queue(FIRED, 15.1) is None, "another node planned the same"
    assert outbox.waiting("ops") == outbox.waiting() == [first]
    assert outbox.queue(resolved(first.number), 16.0) is None, "the first message waits"
    assert outbox.end(ended(first.number), 17.0)
    assert not outbox.end(ended(first.number), 17.1), "it has ended already"
    assert outbox.queue(FIRED, 17.2) is None, "this was planned before the first message"
    second = outbox.queue(resolved(first.number), 18.0)
    assert second is not None
    assert second.id != first.id
    assert (second.firing, second.resolved, told(outbox)) == (0, 1, {})


def test_a_group_is_kept_as_long_as_its_receiver_believes_that_an_alert_fires() -> None:
    outbox = NotificationOutbox()
    outbox.queue(FIRED, 15.0)
    outbox.end(ended(1), 16.0)
    assert told(outbox) == {KEY: 10.0}
    outbox.queue(resolved(1), 20.0)
    assert told(outbox) == {}
    outbox.end(ended(2, "failed"), 21.0)
    assert told(outbox) == {KEY: 10.0}, "it does not know yet"
    outbox.queue(resolved(2), 22.0)
    outbox.end(ended(3), 23.0)
    assert outbox.groups("ops") == {}
    assert (outbox.boxes["ops"].sent, outbox.boxes["ops"].failed) == (2, 1)
    again = outbox.queue(FIRED, 30.0)
    assert again is not None, "a new group begins"


def test_a_receiver_that_wants_no_resolutions_gets_no_message() -> None:
    outbox = NotificationOutbox()
    outbox.queue(FIRED, 15.0)
    outbox.end(ended(1), 16.0)
    assert outbox.queue(resolved(1, "quiet"), 20.0) is None
    assert (outbox.waiting(), outbox.groups("ops")) == ([], {})


def test_a_restored_state_gives_no_id_again() -> None:
    one, other = NotificationOutbox(), NotificationOutbox()
    first, second = one.queue(FIRED, 15.0), other.queue(FIRED, 15.001)
    assert first is not None
    assert second is not None
    assert first.number == second.number
    assert first.id != second.id


def test_messages_of_a_deleted_receiver_are_withdrawn() -> None:
    outbox = NotificationOutbox()
    outbox.queue(FIRED, 15.0)
    assert outbox.end(NewNotificationEnd("ops", (), 0, "withdrawn"), 16.0)
    assert (outbox.waiting(), dict(outbox.boxes)) == ([], {})
    assert [(each.outcome, each.ended) for each in outbox.ended] == [("withdrawn", 16.0)]
    assert not outbox.end(NewNotificationEnd("ops", (), 0, "withdrawn"), 17.0)


def test_a_receiver_can_be_disabled_and_messages_that_ended_are_bounded() -> None:
    outbox, number = NotificationOutbox(), 0
    for _ in range(ENDED_KEPT):
        message = outbox.queue(FIRED if not told(outbox) else resolved(number), 15.0)
        assert message is not None
        number = message.number
        outbox.end(ended(number, disabled=3), 16.0)
    assert len(outbox.ended) == ENDED_KEPT
    assert outbox.boxes["ops"].disabled == 3
