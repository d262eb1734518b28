"""Contract of redaction rules and of the erasure of users."""

from analytics.api.codes import BODY_CODES, READ_CODES
from analytics.api.contract_resource import resource_operations
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import catalog, erasure
from analytics.schemas.redaction import RedactionSchema

REDACTION = {"fields": ["email", "phone"], "patterns": ["email", "card"], "action": "hash"}

PRIVACY_OPERATIONS = (
    *resource_operations(
        "/redactions",
        "Privacy",
        "a",
        "redaction rule",
        put=(
            "Creates or replaces a rule. It redacts events, messages of heartbeats and tags of metrics before they are "
            "recorded; what was recorded before stays as it is. The rule `secrets` is there from the start: it masks "
            "fields of `data` that hold known secrets, and can be changed or deleted.",
            RequestBody(RedactionSchema, REDACTION),
            catalog.RedactionPut,
            {**BODY_CODES, 422: ("validation_failed", "collection_full")},
        ),
        get=(
            "Its version is its ETag. `GET /catalog?collection=redactions` lists all.",
            catalog.RecordedRedaction,
        ),
    ),
    Operation(
        "delete",
        "/users/{id}",
        "Privacy",
        "Erase a user",
        "Removes all events recorded so far with this `user_id`, and all spans and log lines that name the user in a "
        "field such as `user.id`, `enduser.id` or `user_id`, also where the id was recorded hashed: from everything "
        "that is read at once, and from all files of the database within an hour. A text that merely contains the id "
        "stays. Counts and statistics stay. Backups are not changed; the answer names what still holds "
        "the records.",
        {200: (erasure.Erased,)},
        {**READ_CODES, 404: ("not_found",)},
        path_schema=erasure.ErasedUserPath,
    ),
)
