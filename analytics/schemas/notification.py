"""Schema of the query of GET /notifications."""

from analytics.schemas.fields import OneOf, Text
from analytics.schemas.queries import Query, whole_number

NOTIFICATION_STATES = ("waiting", "sent", "failed", "withdrawn")


class NotificationsQuery(Query):
    """Filters of GET /notifications."""

    state = OneOf(NOTIFICATION_STATES, load_default=None, metadata={"description": "In this state"})
    receiver = Text(1, 128, load_default=None, metadata={"description": "To this receiver"})
    limit = whole_number(1, 1000, 100, "How many at most")
