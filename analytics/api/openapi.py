"""Generates the OpenAPI 3.1 document from the table in `contract.py` and the marshmallow schemas, with apispec."""

import re
from collections.abc import Mapping
from inspect import getdoc
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from analytics.api.codes import PROBLEMS
from analytics.api.contract import OPERATIONS
from analytics.api.openapi_bodies import READABLE_ENCODINGS, foreign_body, request_body
from analytics.api.openapi_fields import absent_not_null, examples, map_limits, number_limits, pattern, types_of_decoded
from analytics.api.operation import CONDITIONS, ForeignBody, Operation, RequestBody
from analytics.api.params import DATA_FIELD, TAG
from analytics.api.references import resolve
from analytics.api.security import SECURITY, problems, scope
from analytics.doors.media import JSON_TYPE
from analytics.schemas import responses
from analytics.schemas.fields import NUMBER_LIMIT
from analytics.schemas.heartbeat import FIGURES
from analytics.schemas.imports import NothingImported
from analytics.scopes import PUBLIC
from analytics.version import VERSION

ABOUT = """\
Live analytics and health of your services.

Requests and answers are JSON in UTF-8. Times are RFC 3339 in UTC. Errors have the shape `{"error": {"code", \
"message", "fields"}}`: `code` is stable, `fields` has the problems by field. At the paths of other protocols they \
have the shape of that protocol. Unknown fields and unknown query parameters are rejected with a 422 that names them. \
Texts must not contain control characters.

Bodies are `application/json`; or `text/plain` with JSON in it, for which a browser's `sendBeacon` needs no preflight; \
or, for batches, `application/x-ndjson` with one JSON object per line. `Content-Encoding` may be ENCODINGS. A body has \
at most BODY_LIMIT bytes and BATCH_LIMIT items, both counted after decompression.

Every GET also answers HEAD, and every path answers OPTIONS, including CORS preflights. A read sees all writes that \
were acknowledged before it.

The WebSocket `/ws/dashboard` sends JSON messages `{"type", "seq", "data"}`: one `snapshot` (as GET /dashboard), then \
a `dashboard_update` (the same) every second, and an `event` (as in GET /events) for each event. Options go into its \
query or into a message `{"type": "subscribe", …}`: `events` (`all`, `none`, or comma-separated types), `service` \
(comma-separated names), `updates` (`full`, or `patch` for JSON Merge Patches in `patch` instead of `data`) and \
`since` (a `seq`: events after it are sent first). `dropped` is the number of events that a slow client missed; `gap` \
means that some events after `since` are no longer available. `{"type": "ping"}` is answered with `pong`, an invalid \
message with `error`.

`/api/v1/` is Prometheus' query API, for Grafana and other clients of it, in Prometheus' shapes; `/loki/api/v1/` is \
that of Loki. The WebSockets `/logs/tail` and `/loki/api/v1/tail` send log lines as they come in.

`/socket.io/` sends the same as Socket.IO events, whose second argument has `seq`, `dropped`, `gap` and `patch`; \
`subscribe` is an event with an acknowledgement. Live connections are checked against ANALYTICS_CORS_ORIGINS (403 \
`origin_not_allowed`); the service's own page may always connect. Connections end within a second after the \
key or session that opened them: a WebSocket is closed with 4401, Socket.IO sends a disconnect.

Behind a proxy, all paths may be below a prefix (ANALYTICS_BASE_PATH, or X-Forwarded-Prefix from a trusted proxy), \
shown in `servers`; Socket.IO clients set it in their option `path`.\
"""

RETRY_AFTER: dict[str, Any] = {
    "Retry-After": {
        "required": True,
        "description": "Seconds to wait before the next try",
        "schema": {"type": "integer", "minimum": 0},
    }
}
ERROR_HEADERS: Mapping[int, dict[str, Any]] = {
    405: {"Allow": {"required": True, "description": "Methods that this path supports", "schema": {"type": "string"}}},
    401: {"WWW-Authenticate": {"required": True, "description": "How to send a key", "schema": {"type": "string"}}},
    429: RETRY_AFTER,
    503: RETRY_AFTER,
}
SUCCESS = {
    200: "Success.",
    201: "Recorded.",
    202: "Accepted.",
    204: "Success.",
    304: "Not modified: the client has this version already.",
    503: "Not ready.",
}


def build_spec(max_body: int, max_batch: int) -> dict[str, Any]:
    """Build the OpenAPI document; `max_body` in bytes after decompression, `max_batch` in items."""
    plugin = MarshmallowPlugin()
    spec = APISpec("Analytics Dashboard Service", VERSION, "3.1.0", [plugin])
    converter: Any = plugin.converter
    for convert in (pattern, number_limits, types_of_decoded, map_limits, examples):
        converter.add_attribute_function(convert)
    converter.add_parameter_attribute_function(absent_not_null)
    for name, scheme in SECURITY.items():
        spec.components.security_scheme(name, dict(scheme))
    for error in (responses.Error, responses.NothingAccepted, NothingImported):
        spec.components.schema(error.__name__, schema=error)
    for operation in OPERATIONS:
        _add(spec, operation, max_batch)
    for (schema, *_), name in converter.refs.items():
        spec.components.schemas[name].setdefault("description", getdoc(schema))
    _describe_counters(spec.components.schemas["Heartbeat"])
    made = spec.to_dict()
    limits = {"BODY_LIMIT": f"{max_body:,}", "BATCH_LIMIT": f"{max_batch:,}", "ENCODINGS": READABLE_ENCODINGS}
    about = re.sub("|".join(limits), lambda found: limits[found[0]], ABOUT)
    document = {
        "openapi": made["openapi"],
        "info": {**made["info"], "description": about, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in OPERATIONS)],
        "paths": made["paths"],
        "components": made["components"],
    }
    _fill_inexamples(document)
    return document


def sample(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Example value of `schema`, assembled from the examples of its parts."""
    if "$ref" in schema:
        return sample(document, resolve(document, schema["$ref"]))
    if "anyOf" in schema:  # or null
        return sample(document, schema["anyOf"][0])
    if "examples" in schema:
        return schema["examples"][0]
    if "properties" in schema:
        required = schema.get("required", ())
        return {name: sample(document, part) for name, part in schema["properties"].items() if name in required}
    if "propertyNames" in schema:
        return {sample(document, schema["propertyNames"]): sample(document, schema["additionalProperties"])}
    if "items" in schema:
        return [sample(document, schema["items"])]
    if "anyOf" in schema:
        return sample(document, schema["anyOf"][0])
    raise TypeError(f"schema without an example: {schema}")


def _add(spec: APISpec, operation: Operation, max_batch: int) -> None:
    described: dict[str, Any] = {
        "operationId": operation.method
        + "".join(map(str.title, operation.path.replace(".", "/").split("/"))).translate(
            {ord("{"): None, ord("}"): None}
        ),
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
    }
    parameters: list[dict[str, Any]] = []
    if operation.path_schema:
        parameters.append({"in": "path", "schema": operation.path_schema})
    if operation.query:
        parameters.append({"in": "query", "schema": operation.query})
    if operation.any_tags:
        parameters.append(_any_of(TAG, "data whose tag K is V"))
    if operation.any_data:
        parameters.append(_any_of(DATA_FIELD, "events whose data has V in the field K"))
    if operation.has_conditions:
        parameters += CONDITIONS
    if parameters:
        described["parameters"] = parameters
    body = operation.body
    if isinstance(body, RequestBody):
        described["requestBody"] = request_body(spec, body, max_batch)
    elif body is not None:
        described["requestBody"] = foreign_body(body)
    described["responses"] = {
        **{str(status): _answer(status, shapes) for status, shapes in sorted(operation.answers.items())},
        **{str(status): _problem(status, codes, operation) for status, codes in sorted(problems(operation).items())},
    }
    if scope(operation) != PUBLIC:
        described["security"] = [{}, *({name: []} for name in SECURITY)]
    refused = (
        body.refused if isinstance(body, ForeignBody) else responses.NothingAccepted if body and body.batch else None
    )
    if refused is not None:
        malformed = described["responses"]["400"]
        own = malformed["content"].setdefault(JSON_TYPE, {})
        own["schema"] = {"anyOf": [own["schema"], refused]} if own else refused
        malformed["description"] += f" `nothing_accepted`: {PROBLEMS[400]['nothing_accepted']}"
        malformed["x-error-codes"].append("nothing_accepted")
    spec.path(operation.path, operations={operation.method: described})


def _any_of(prefix: str, selected: str) -> dict[str, Any]:
    """Parameter for any number of `tag.K=V`: an exploded object, whose members are parameters of their own."""
    pattern = f"^{prefix.replace('.', chr(92) + '.')}"
    texts = {"type": "object", "patternProperties": {pattern: {"type": "string"}}, "additionalProperties": False}
    return {
        "in": "query",
        "name": f"{prefix}K",
        "description": f"Each `{prefix}K=V` selects {selected}",
        "style": "form",
        "explode": True,
        "schema": texts,
    }


def _answer(status: int, shapes: tuple[type[Schema] | str, ...]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": SUCCESS[status]}
    if status in ERROR_HEADERS:
        described["headers"] = ERROR_HEADERS[status]
    schemas = [shape for shape in shapes if not isinstance(shape, str)]
    content: dict[str, Any] = {}
    if schemas:
        content[JSON_TYPE] = {"schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas}}
    for shape in shapes:
        if isinstance(shape, str):
            content[shape] = {"schema": {"type": "object" if shape == JSON_TYPE else "string"}}
    return {**described, "content": content} if content else described


def _problem(status: int, codes: tuple[str, ...], operation: Operation) -> dict[str, Any]:
    code = {"type": "object", "properties": {"error": {"properties": {"code": {"enum": list(codes)}}}}}
    error = {"code": codes[0], "message": PROBLEMS[status][codes[0]], "fields": {}}
    described: dict[str, Any] = {
        "x-error-codes": list(codes),
        "description": " ".join(f"`{code}`: {PROBLEMS[status][code]}" for code in codes),
        "content": {},
    }
    if status in ERROR_HEADERS:
        described["headers"] = ERROR_HEADERS[status]
    if operation.problem is not None:
        described["content"][JSON_TYPE] = {"schema": operation.problem}
    elif operation.errors == JSON_TYPE:
        schema = {"allOf": [responses.Error, code]}
        described["content"][JSON_TYPE] = {"schema": schema, "example": {"error": error}}
    if operation.errors != JSON_TYPE:
        described["content"][operation.errors] = {"schema": {"type": "string"}}
    return described


def _fill_inexamples(document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        described = document["paths"][operation.path][operation.method]
        for parameter in described.get("parameters", ()):
            if parameter["name"] in operation.asked:
                parameter["example"] = operation.asked[parameter["name"]]
        for answer in described["responses"].values():
            content = answer.get("content", {}).get(JSON_TYPE, {})
            schema = content.get("schema", {})
            if "example" not in content and ("$ref" in schema or "oneOf" in schema):
                content["example"] = sample(document, schema.get("oneOf", [schema])[0])


def _describe_counters(heartbeat: dict[str, Any]) -> None:
    counter = {"type": ["number", "null"], "minimum": 0, "maximum": NUMBER_LIMIT}
    heartbeat["properties"]["metrics"]["properties"] = dict.fromkeys(FIGURES, counter)


# Extensions of apispec's converter, which binds these functions as its methods.
