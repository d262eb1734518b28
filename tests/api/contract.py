"""Checks of schemathesis: whether an answer of the server is what the OpenAPI document says."""

import json
import re
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from analytics.api.contract import OPERATIONS
from analytics.api.openapi import build_spec
from analytics.api.operation import ForeignBody
from analytics.clock import rfc3339
from analytics.config import Settings
from analytics.doors.media import JSON_TYPE, LINES_TYPE
from analytics.doors.prometheus.remote_write_door import MEDIA_TYPE
from analytics.doors.prometheus.text import OPENMETRICS

MAX_BATCH = 20
"""Small, so that batches beyond it are soon made."""
SPEC = build_spec(Settings().max_body, MAX_BATCH)
OTLP = ("/v1/metrics", "/v1/traces", "/v1/logs", "/loki/api/v1/push")
"""Paths of other protocols, whose rules are not in a schema."""
RECORDS = ("/logs", "/spans")
"""Paths of records, some fields of which need one another."""
FOREIGN = {
    operation.path
    for operation in OPERATIONS
    if isinstance(operation.body, ForeignBody) or operation.path.startswith("/api/v1/")
}
"""Paths of other protocols: no schema says which bodies are valid, and parameters that are not known are ignored."""
QUESTIONS = (
    *("/explore", "/sql", "/receivers/{id}", "/routes", "/rules/{id}", "/rules/test", "/slos/{id}"),
    *("/silences", "/silences/{id}", "/incidents/{id}/snooze"),
)
"""Their fields depend on each other, and on what a text means."""
BEYOND_A_SCHEMA = {
    "timestamp_too_old",
    "timestamp_in_future",
    "negative_value",
    "reserved_name",
    "end_before_time",
    "precondition_failed",
    "unknown_resource",
    "unknown_key",
    "kind_conflict",
    "last_admin_key",
    "scopes_of_bound_key",
    "collection_full",
    "no_store",
}
"""Error codes that no schema can express."""


@schemathesis.serializer(LINES_TYPE)
def lines(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """The body of NDJSON."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.serializer(OPENMETRICS, MEDIA_TYPE)
def foreign(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A body in another protocol."""
    found = getattr(value, "data", value)
    return found if isinstance(found, bytes) else str(found).encode(errors="replace")


def is_right_as_sent(url: str, path: str) -> bool:
    """Whether the query of a GET is as documented: some values that are not become empty ones, which are absent."""
    parameters = SPEC["paths"][path]["get"].get("parameters", ())
    schemas = {parameter["name"]: parameter["schema"] for parameter in parameters if parameter["in"] == "query"}
    any_of = [schema for schema in schemas.values() if "patternProperties" in schema]  # such as `tag.K`

    def is_right(name: str, value: str) -> bool:
        if name in schemas:
            return jsonschema_rs.Draft202012Validator(schemas[name], validate_formats=True).is_valid(value)
        return any(jsonschema_rs.Draft202012Validator(schema).is_valid({name: value}) for schema in any_of)

    return all(is_right(name, value) for name, value in parse_qsl(urlsplit(url).query))


def bad_is_refused(context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> Any:
    """The check of schemathesis; for a batch with valid items, the errors are in the receipt."""
    if case.path in FOREIGN:
        return None
    if response.status_code == 200 and case.method == "POST" and response.json().get("rejected"):
        return None
    if response.status_code == 200 and case.method == "GET" and is_right_as_sent(response.request.url, case.path):
        return None
    return negative_data_rejection(context, response, case)


def good_is_taken(context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """Valid JSON is recorded, unless a rule beyond the schema refuses it."""
    mode = case.meta.generation.mode if case.meta else None
    if mode is not schemathesis.GenerationMode.POSITIVE or case.media_type != JSON_TYPE or response.status_code < 300:
        return
    if case.path in (*OTLP, *QUESTIONS):
        return
    body = response.json()
    codes = {error["code"] for error in body["errors"]} if "errors" in body else {body["error"]["code"]}
    assert codes - ({"validation_failed"} if case.path in RECORDS else set()) <= BEYOND_A_SCHEMA, body


def allowed_are_documented(
    context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> Any:
    """The check of schemathesis, but for /rules/test, which is the path of a group with that name, too."""
    return None if case.path == "/rules/test" else allow_header_conformance(context, response, case)


DOCUMENTED: Sequence[Any] = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allowed_are_documented,
)
"""Whether an answer is documented."""
RIGHT = (*DOCUMENTED, bad_is_refused, good_is_taken)
"""Whether the answer is correct for a sender with all scopes."""


def at_present(body: str) -> str:
    """An example with the present time in place of its own, which is older than any record may be."""
    body = body.replace("2024-01-15T10:30:00Z", rfc3339(time.time()))
    return re.sub(r"17053146[0-9]{11}", str(time.time_ns()), body)
