"""The part of the contract about silences and incidents."""

from analytics.api.codes import BODY_CODES, READ_CODES, RESOURCE_CODES, Codes
from analytics.api.contract_resource import resource_operations
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import incident_answers as shapes
from analytics.schemas import status_page
from analytics.schemas.incidents import (
    Acknowledgement,
    IncidentNote,
    IncidentPath,
    IncidentQuery,
    IncidentsQuery,
    Snooze,
)
from analytics.schemas.silence import SentSilence, SilencesQuery
from analytics.schemas.status_page import StatusPageSchema

SILENCE = {"service": "checkout", "duration": "10m", "comment": "Deploy 1.4.2"}
SILENCE_CODES: Codes = {
    **BODY_CODES,
    422: ("validation_failed", "timestamp_in_future", "timestamp_too_old", "end_before_time"),
}
ACTION_CODES: Codes = {
    **BODY_CODES,
    404: ("unknown_resource", "not_found"),
    422: ("validation_failed",),
}
STATUS_CODES: Codes = {
    401: ("unauthorized",),
    404: ("no_status_page", "not_found"),
    **READ_CODES,
}

INCIDENT_OPERATIONS = (
    Operation(
        "post",
        "/silences",
        "Alerts",
        "Silence alerts",
        "While a silence is active, alerts that match send no notifications. Nothing is lost: when it ends, "
        "a notification lists what still fires and what has recovered. For a deploy, name the `service` and a "
        "`duration`. The fields are those of Alertmanager; `recurring` silences are quiet hours.",
        {201: (shapes.SilencePut,)},
        SILENCE_CODES,
        body=RequestBody(SentSilence, SILENCE),
    ),
    Operation(
        "get",
        "/silences",
        "Alerts",
        "Read silences",
        "Those that start last first. A silence that has ended is kept as long as days are.",
        {200: (shapes.SilencePage,)},
        READ_CODES,
        query=SilencesQuery,
        asked={"state": "active"},
    ),
    *(
        operation._replace(
            description="Ends a silence that holds now, so that it is still known why nobody was notified; deletes any "
            "other one. With `If-Match` only where it still has that version."
        )
        if operation.method == "delete"
        else operation
        for operation in resource_operations(
            "/silences",
            "Alerts",
            "a",
            "silence",
            put=(
                "Creates or replaces the silence of that name, such as `deploy-checkout`.",
                RequestBody(SentSilence, SILENCE),
                shapes.SilencePut,
                SILENCE_CODES,
            ),
            get=("Its version is its ETag.", shapes.RecordedSilence),
        )
    ),
    Operation(
        "get",
        "/incidents",
        "Alerts",
        "Read incidents",
        "The newest first. An incident holds the alerts that belong together: those with the same name and service. "
        "It is resolved when none of them fires any more, and goes on if one fires again within 15 minutes.",
        {200: (shapes.IncidentPage,)},
        READ_CODES,
        query=IncidentsQuery,
        asked={"state": "unresolved"},
    ),
    Operation(
        "get",
        "/incidents/{id}",
        "Alerts",
        "Read one incident",
        "With its alerts, its timeline, and links to what else is known of that time. With `format=markdown` as a "
        "document, to begin a report with.",
        {200: (shapes.IncidentDetails, "text/markdown")},
        RESOURCE_CODES,
        query=IncidentQuery,
        path_schema=IncidentPath,
    ),
    Operation(
        "post",
        "/incidents/{id}/acknowledge",
        "Alerts",
        "Acknowledge an incident",
        "Says that somebody takes care of it: no reminders are sent, and it is not escalated. The message that it is "
        "resolved is still sent.",
        {200: (shapes.IncidentDetails,)},
        ACTION_CODES,
        body=RequestBody(Acknowledgement, {"text": "Rolling back"}),
        path_schema=IncidentPath,
    ),
    Operation(
        "post",
        "/incidents/{id}/note",
        "Alerts",
        "Add a note to an incident",
        "It stands in the timeline.",
        {200: (shapes.IncidentDetails,)},
        ACTION_CODES,
        body=RequestBody(IncidentNote, {"text": "The disk was full"}),
        path_schema=IncidentPath,
    ),
    Operation(
        "post",
        "/incidents/{id}/snooze",
        "Alerts",
        "Snooze an incident",
        "It sends no notifications for a while, at most 31 days. What still fires then is notified.",
        {200: (shapes.IncidentDetails,)},
        ACTION_CODES,
        body=RequestBody(Snooze, {"duration": "1h"}),
        path_schema=IncidentPath,
    ),
    *resource_operations(
        "/status_page",
        "Alerts",
        "a",
        "status page",
        put=(
            "Switches the status page on, or changes it. There is one at most; without it, `/status` is a 404.",
            RequestBody(StatusPageSchema, {"title": "Shop status", "public": True}),
            status_page.StatusPagePut,
            {**BODY_CODES, 422: ("validation_failed", "collection_full")},
        ),
        get=("Its version is its ETag.", status_page.RecordedStatusPage),
    ),
    *(
        Operation("get", path, "Alerts", summary, about, {200: (form,)}, STATUS_CODES)
        for path, summary, about, form in (
            (
                "/status",
                "Open the status page",
                "Components, a bar for each day, and incidents. Everybody may read it if it is public.",
                "text/html",
            ),
            ("/status.json", "Read the status page", "The same as figures.", status_page.StatusAnswer),
            ("/status/feed.atom", "Follow the status page", "Its incidents as a feed.", "application/atom+xml"),
        )
    ),
)
