"""Contract of redaction rules."""

from analytics.api.codes import ONE_BODY, RESOURCE, WRITES
from analytics.api.operation import Body, Operation
from analytics.schemas import catalog
from analytics.schemas.redaction import RedactionSchema

REDACTION = {"fields": ["email", "phone"], "patterns": ["email", "card"], "action": "hash"}

PRIVACY = (
    Operation(
        "put",
        "/redactions/{id}",
        "Privacy",
        "Put a redaction rule",
        "Creates or replaces a rule. It redacts events, messages of heartbeats and tags of metrics before they are "
        "recorded; what was recorded before stays as it is. The rule `secrets` is there from the start: it masks "
        "fields of `data` that hold known secrets, and can be changed or deleted.",
        {200: (catalog.RedactionPut,), 201: (catalog.RedactionPut,)},
        {**ONE_BODY, 422: ("validation_failed", "collection_full"), **WRITES, 404: ("not_found",)},
        query=catalog.PutQuery,
        body=Body(RedactionSchema, REDACTION),
        path_schema=catalog.ResourcePath,
        has_conditions=True,
    ),
    Operation(
        "get",
        "/redactions/{id}",
        "Privacy",
        "Read one redaction rule",
        "Its version is its ETag. `GET /catalog?collection=redactions` lists all.",
        {200: (catalog.RecordedRedaction,), 304: ()},
        RESOURCE,
        path_schema=catalog.ResourcePath,
    ),
    Operation(
        "delete",
        "/redactions/{id}",
        "Privacy",
        "Delete a redaction rule",
        "With `If-Match` only where it still has that version.",
        {204: ()},
        {**RESOURCE, **WRITES},
        path_schema=catalog.ResourcePath,
        has_conditions=True,
    ),
)
