"""Contract of the states of groups of errors."""

from analytics.api.codes import BODY_CODES
from analytics.api.contract_resource import resource_operations
from analytics.api.operation import RequestBody
from analytics.schemas.error_groups import ErrorStatePut, ErrorStateSchema, RecordedErrorState

ERROR_STATE_OPERATIONS = resource_operations(
    "/errors",
    "Events",
    "a",
    "state of errors",
    put=(
        "Resolves, mutes or opens the group with this fingerprint. A resolved group whose errors come back is "
        "`regressed` in `GET /errors`, with the version in which they did.",
        RequestBody(ErrorStateSchema, {"state": "resolved"}),
        ErrorStatePut,
        {**BODY_CODES, 422: ("validation_failed", "collection_full")},
    ),
    get=("Its version is its ETag. `GET /catalog?collection=errors` lists all.", RecordedErrorState),
)
