"""The part of the contract about receivers, routes of alerts, and messages."""

from analytics.api.codes import BODY_CODES, READ_CODES, RESOURCE_CODES, WRITE_CODES
from analytics.api.contract_resource import resource_operations
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import notification, notification_answers
from analytics.schemas.catalog import PutQuery, ResourcePath
from analytics.schemas.receiver import ReceiverSchema
from analytics.schemas.routes import RoutesSchema

RECEIVER = {"type": "webhook", "url": "https://hooks.shop.example/alerts", "secret": "${HOOK_SECRET}"}  # a reference  # nosec
ROUTES = {
    "receivers": ["ops"],
    "routes": [{"matchers": ['severity="critical"'], "receivers": ["pager"], "group_wait": "0s"}],
}

NOTIFICATION_OPERATIONS = (
    Operation(
        "get",
        "/receivers",
        "Alerts",
        "Read all receivers",
        "Where messages about alerts go, by name; references stand in place of secrets.",
        {200: (notification_answers.ReceiverList,)},
        READ_CODES,
    ),
    *resource_operations(
        "/receivers",
        "Alerts",
        "a",
        "receiver",
        put=(
            "Creates or replaces a receiver of messages about alerts. Each type has fields of its own. Secrets are "
            "references: `${NAME}` of an environment variable, or `file:/path`. A receiver that answered 410, and so "
            "gets nothing more, gets messages again after a change.",
            RequestBody(ReceiverSchema, RECEIVER),
            notification_answers.ReceiverPut,
            {**BODY_CODES, 422: ("validation_failed", "collection_full")},
        ),
        get=("Its version is its ETag.", notification_answers.RecordedReceiver),
    ),
    Operation(
        "post",
        "/receivers/{id}/test",
        "Alerts",
        "Send a test message",
        "Sends a test message to the receiver at once, and answers what it answered. Nothing is recorded.",
        {200: (notification_answers.ReceiverTrial,)},
        {**RESOURCE_CODES},
        path_schema=ResourcePath,
    ),
    Operation(
        "get",
        "/routes",
        "Alerts",
        "Read the routes of alerts",
        "The tree of routes. Without one, every receiver gets all alerts, grouped by `alertname`.",
        {200: (notification_answers.RecordedRoutes,), 304: ()},
        RESOURCE_CODES,
    ),
    Operation(
        "put",
        "/routes",
        "Alerts",
        "Put the routes of alerts",
        "Creates or replaces the tree of routes. It works as in Alertmanager: an alert goes down into the first route "
        "whose matchers it fulfils, and into the next ones too where that has `continue`.",
        {200: (notification_answers.RoutesPut,), 201: (notification_answers.RoutesPut,)},
        {**BODY_CODES, 422: ("validation_failed", "collection_full"), **WRITE_CODES, 404: ("not_found",)},
        query=PutQuery,
        body=RequestBody(RoutesSchema, ROUTES),
        has_conditions=True,
    ),
    Operation(
        "delete",
        "/routes",
        "Alerts",
        "Delete the routes of alerts",
        "Every receiver gets all alerts then.",
        {204: ()},
        {**RESOURCE_CODES, **WRITE_CODES},
        has_conditions=True,
    ),
    Operation(
        "get",
        "/notifications",
        "Alerts",
        "Read messages about alerts",
        "Messages that wait for their receivers, and the newest 500 that were sent, given up after 24 hours, or "
        "withdrawn as their receiver was deleted.",
        {200: (notification_answers.NotificationPage,)},
        READ_CODES,
        query=notification.NotificationsQuery,
        asked={"state": "sent", "limit": 20},
    ),
)
