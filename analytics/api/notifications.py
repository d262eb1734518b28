"""GET /notifications: the messages about alerts that wait for their receivers, were sent, or were given up."""

from collections.abc import Callable

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.query.notifications import NotificationFilter, Tried, notifications
from analytics.query.reader import Reader
from analytics.schemas.notification import NotificationsQuery

QUERY = NotificationsQuery()


def notifications_blueprint(reader: Reader, tried: Callable[[], dict[str, Tried]]) -> Blueprint:
    """Blueprint of /notifications.

    Args:
        tried: attempts in vain at messages that wait, by their ids.
    """
    blueprint = Blueprint("notifications", __name__)

    @blueprint.get("/notifications")
    def read() -> Response:
        asked = arguments(QUERY)
        wanted = NotificationFilter(asked["state"], asked["receiver"], asked["limit"])
        rows = reader.ask(notifications, wanted, tried())
        return answer({"notifications": rows, "count": len(rows), "limit": wanted.limit})

    return blueprint
