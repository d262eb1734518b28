"""The message with which people try out a receiver."""

from secrets import token_hex

from analytics.alerting import AlertKey
from analytics.notifications import CHANGED, MessageAlert, QueuedMessage

NAME = "TestMessage"


def trial_message(receiver: str, now: float) -> QueuedMessage:
    """A message about an alert that there is not; `now` is in seconds since the epoch."""
    labels = (("alertname", NAME), ("service", "analytics"), ("severity", "none"))
    texts = {"summary": "This is a test: messages about alerts arrive here.", "description": "Nothing is wrong."}
    alert = MessageAlert(AlertKey("test", NAME, labels), now, None, 1.0, texts)
    group = (("alertname", NAME),)
    return QueuedMessage(f"msg_test_{token_hex(8)}", 0, receiver, group, CHANGED, now, 1, 0, [alert])
