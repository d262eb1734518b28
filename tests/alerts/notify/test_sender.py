"""Attempts of one sender: when they are repeated, when a message is given up, and what is recorded."""

import pytest

from analytics.alerts.notify.delivery import NotDelivered
from analytics.alerts.notify.sender import GIVE_UP_SECONDS, LONGEST_PAUSE, MessageSender
from analytics.errors import Unavailable
from analytics.notifications import NewNotificationEnd, QueuedMessage
from tests.fakes import FakeClock


class Rig:
    """A sender, and what it did."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.waiting: list[QueuedMessage] = []
        self.answers: dict[int, Exception] = {}
        self.attempts: list[int] = []
        self.ends: list[NewNotificationEnd] = []
        self.is_full = False
        self.sender = MessageSender("ops", lambda: list(self.waiting), self.deliver, self.end, lambda: 7, self.clock)

    def queue(self, number: int) -> None:
        group = (("alertname", f"A{number}"),)
        self.waiting.append(
            QueuedMessage(f"msg_{number}", number, "ops", group, "changed", self.clock.wall(), 1, 0, [])
        )

    def deliver(self, message: QueuedMessage) -> str:
        self.attempts.append(message.number)
        if message.number in self.answers:
            raise self.answers[message.number]
        return "200 OK"

    def end(self, end: NewNotificationEnd) -> None:
        if self.is_full:
            raise Unavailable("the disk is full")
        self.ends.append(end)
        self.waiting = [message for message in self.waiting if message.number != end.number]

    def pauses(self, most: float) -> list[float]:
        """The pauses between attempts at one message, until `most` seconds have passed."""
        found, until = [], self.clock.wall() + most
        while self.clock.wall() < until and self.waiting:
            pause = self.sender.step()
            found.append(pause)
            self.clock.advance(pause)
        return found


def test_attempts_are_repeated_after_a_second_and_then_ever_later_until_it_is_given_up() -> None:
    rig = Rig()
    rig.queue(1)
    rig.answers[1] = NotDelivered("500")
    pauses = rig.pauses(2 * GIVE_UP_SECONDS)
    assert pauses[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert set(pauses[10:-1]) == {LONGEST_PAUSE}
    (end,) = rig.ends
    assert (end.outcome, end.answer, end.attempts) == ("failed", "500", len(rig.attempts))
    assert 0 <= rig.clock.wall() - FakeClock().wall() - GIVE_UP_SECONDS <= LONGEST_PAUSE + 60


def test_a_message_that_is_refused_holds_up_no_other_and_a_receiver_may_say_when() -> None:
    rig = Rig()
    for number in (1, 2, 3):
        rig.queue(number)
    rig.answers[1], rig.answers[2] = NotDelivered("400"), NotDelivered("429", retry_after=30.0)
    assert rig.sender.step() == 1.0
    assert [(end.number, end.outcome) for end in rig.ends] == [(3, "sent")]
    rig.clock.advance(1)
    del rig.answers[1]
    assert rig.sender.step() == pytest.approx(29.0)
    assert [end.number for end in rig.ends] == [3, 1]
    assert rig.attempts == [1, 2, 3, 1]
    assert list(rig.sender.troubles) == [2]


def test_a_change_of_the_receiver_lets_all_be_tried_at_once() -> None:
    rig = Rig()
    rig.queue(1)
    rig.answers[1] = NotDelivered("500", retry_after=3_000.0)
    rig.sender.step()
    assert rig.attempts == [1]
    rig.sender.wake(retries=True)
    rig.answers.clear()
    rig.sender.step()
    assert [end.outcome for end in rig.ends] == ["sent"]


def test_410_ends_it_and_names_the_version() -> None:
    rig = Rig()
    rig.queue(1)
    rig.answers[1] = NotDelivered("410 Gone", is_over=True)
    rig.sender.step()
    assert [(end.outcome, end.disabled) for end in rig.ends] == [("failed", 7)]


def test_what_was_taken_is_not_sent_again_while_that_cannot_be_recorded() -> None:
    rig = Rig()
    rig.queue(1)
    rig.is_full = True
    assert rig.sender.step() == 1.0
    assert rig.sender.step() == 1.0
    assert (rig.attempts, rig.ends) == ([1], [])
    rig.is_full = False
    rig.sender.step()
    assert (rig.attempts, [end.outcome for end in rig.ends]) == ([1], ["sent"])


@pytest.mark.filterwarnings("error")
def test_a_bug_of_a_receiver_ends_no_sender() -> None:
    rig = Rig()
    rig.queue(1)
    rig.answers[1] = KeyError("oops")
    assert rig.sender.step() == 1.0
    assert rig.sender.troubles[1].reason == "a bug: KeyError"
