"""The OpenAPI document and a real server agree."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import requests

from analytics.api.codes import PROBLEMS
from analytics.api.references import resolve
from analytics.clock import rfc3339
from analytics.config import Settings
from analytics.doors.media import BEACON_TYPE, JSON_TYPE, LINES_TYPE
from analytics.factory import create_app
from analytics.promql.errors import QueryError
from analytics.version import VERSION
from tests.alerts.incidents.prepared import with_incident
from tests.api.contract import MAX_BATCH, SPEC, at_present
from tests.server import ROOT, Server

FOR_BROWSERS = ("/assets/", "/vendor/", "/session/oidc", "/act/")
"""Files of the dashboard page, the way to a sign-in provider and back, links in messages: no part of the contract."""
CLIENT_LEFT = 499
"""Status of what no client sees."""
OPERATIONS = [(method, path) for path, methods in SPEC["paths"].items() for method in methods]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for this file only: thousands of odd names would disturb other tests."""
    folder = tmp_path_factory.mktemp("openapi")
    assert with_incident(folder / "data")
    settings = {"ANALYTICS_MAX_BATCH": str(MAX_BATCH), "ANALYTICS_DATA_DIR": str(folder / "data")}
    settings["ANALYTICS_EVENTS_DAYS"] = "3650"  # the example of an old event does not change
    with Server(folder / "server.log", settings) as server:
        yield server


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PLACES = {"{service}": "productcatalog", "{id}": "shape", "{label}": "service", "{name}": "level", "{trace_id}": TRACE}
RECEIVER = {"type": "webhook", "url": "http://127.0.0.1:9/", "headers": {"X-Team": "shop"}}
SECRET_EXAMPLE = "ak_5f0c2a9b3d18c2f0_..."


def check(part: dict[str, Any], payload: Any) -> None:
    """Check that `payload` matches a schema of the document."""
    root = {"components": SPEC["components"], **part}
    validator = jsonschema_rs.Draft202012Validator(root, validate_formats=True)
    errors = [f"{'.'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(payload)]
    assert not errors, (errors, payload)


def check_answer(method: str, path: str, answer: requests.Response) -> Any:
    """Check that an answer matches the document."""
    documented = SPEC["paths"][path][method]["responses"][str(answer.status_code)]
    assert answer.headers["Content-Type"] == JSON_TYPE
    payload = answer.json()
    check(documented["content"][JSON_TYPE]["schema"], payload)
    return payload


def test_the_document_is_openapi_3_1_and_its_schemas_are_json_schema() -> None:
    assert SPEC["openapi"].startswith("3.1")
    for part in SPEC["components"]["schemas"].values():
        jsonschema_rs.Draft202012Validator({"components": SPEC["components"], **part})
        jsonschema_rs.meta.validate(part)


def test_every_reference_resolves_and_every_component_is_used() -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(SPEC)))
    for reference in references:
        resolve(SPEC, reference)
    assert references == {f"#/components/schemas/{name}" for name in SPEC["components"]["schemas"]}


def test_the_server_serves_the_document(server: Server) -> None:
    assert server.get("/openapi.json") == json.loads(json.dumps(SPEC))


def test_the_version_is_that_of_the_package() -> None:
    assert SPEC["info"]["version"] == VERSION


def test_the_document_has_every_route_and_no_other() -> None:
    implied = {"HEAD", "OPTIONS"}
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in create_app(Settings()).url_map.iter_rules()
        if not rule.websocket
        and rule.rule not in ("/ws/dashboard", "/socket.io/")
        and not rule.rule.startswith(FOR_BROWSERS)
        for method in (rule.methods or set()) - implied
    }
    assert routes == set(OPERATIONS)
    assert all(f"`{live}`" in SPEC["info"]["description"] for live in ("/ws/dashboard", "/socket.io/", "/api/v1/"))


def test_the_document_has_every_error_code_of_the_source_and_no_other() -> None:
    files = [path for path in (ROOT / "analytics").rglob("*.py") if "feed" not in path.parts]
    source = "\n".join(path.read_text() for path in files)
    named = r"\bcode = |\bcode=|\"code\": |(?:Refused|Refusal|FailedQuery|AnswerFailure)\(\s*"
    found = set(re.findall(rf'(?:{named})"([a-z_]+)"', source))
    found |= {"logs_rate", "spans_rate", "malformed_span", "malformed_log_record", "malformed_stream"}
    found |= {error.kind for error in (QueryError, *QueryError.__subclasses__()) if error.status != CLIENT_LEFT}
    never_answered = {"internal_error", "bad_setting", "too_large", "cannot_store", "duplicate"}
    never_answered |= {"store_failed", "unknown_operation", "client_left"}
    http = {"bad_request", "method_not_allowed"}
    assert found - never_answered | http == {code for codes in PROBLEMS.values() for code in codes}


def test_payloads_have_the_limits_of_their_schemas() -> None:
    schemas = SPEC["components"]["schemas"]
    event, metric = schemas["Event"]["properties"], schemas["Metric"]["properties"]
    assert (event["type"]["minLength"], event["type"]["maxLength"]) == (1, 128)
    assert event["user_id"]["type"] == ["string", "null"]
    assert event["timestamp"]["format"] == "date-time"
    assert event["data"]["type"] == ["object", "null"]
    assert metric["value"]["type"] == "number"
    assert metric["tags"]["maxProperties"] == 32
    assert "maxLength" not in metric["tags"]
    assert metric["tags"]["additionalProperties"]["maxLength"] == 256
    assert schemas["Heartbeat"]["properties"]["status"]["enum"] == ["healthy", "degraded", "unhealthy", "maintenance"]
    redacted = re.compile(schemas["Redaction"]["properties"]["fields"]["items"]["pattern"])
    assert redacted.search("set-cookie")
    assert not any(redacted.search(name) for name in ("--", 'a"', "a/b", "a\\", "a\x01", "a\x85"))
    for name in ("Event", "Metric", "Heartbeat", "Dashboard", "Receipt", "Error"):
        assert schemas[name]["additionalProperties"] is False


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_example_matches_its_schema(method: str, path: str) -> None:
    operation = SPEC["paths"][path][method]
    parts = [*operation["responses"].values(), operation.get("requestBody", {"content": {}})]
    for parameter in operation.get("parameters", ()):
        if "example" in parameter:
            check(parameter["schema"], parameter["example"])
    for content in (content for part in parts for content in part.get("content", {}).values()):
        examples = [example["value"] for example in content.get("examples", {}).values()]
        for example in [*examples, *([content["example"]] if "example" in content else [])]:
            check(content["schema"], example)
            if "contentSchema" in content["schema"]:
                check(content["schema"]["contentSchema"], json.loads(example))


@pytest.mark.parametrize("path", [path for method, path in OPERATIONS if method == "post"])
def test_the_server_accepts_every_example_of_a_body(path: str, server: Server) -> None:
    operation = SPEC["paths"][path]["post"]
    if path == "/tickets":
        assert check_answer("post", path, requests.post(server.url + path, timeout=10))["expires_in"] == 30
        return
    if "requestBody" in operation and "examples" not in operation["requestBody"]["content"].get(JSON_TYPE, {}):
        check_foreign_examples(path, operation, server)
        return
    if path == "/receivers/{id}/test":
        requests.put(f"{server.url}/receivers/tried", json=RECEIVER, timeout=10)
        answer = requests.post(f"{server.url}/receivers/tried/test", timeout=10)
        assert "has no public address" in check_answer("post", path, answer)["answer"]
        return
    if "requestBody" not in operation:
        asked = {each["name"]: each["example"] for each in operation["parameters"] if "example" in each}
        answer = requests.post(server.url + path.replace("{service}", "shape"), params=asked, timeout=10)
        assert check_answer("post", path, answer)["message"] == "heartbeat recorded"
        return
    key = server.post("/keys", {"name": "reader", "scopes": ["read"]}).json()
    content = operation["requestBody"]["content"]
    bodies = [(JSON_TYPE, json.dumps(example["value"])) for example in content[JSON_TYPE]["examples"].values()]
    bodies += [(type_, content[type_]["example"]) for type_ in (BEACON_TYPE, LINES_TYPE) if type_ in content]
    for media_type, body in bodies:
        body = at_present(body).replace(SECRET_EXAMPLE, key["secret"])
        url = server.url + path.replace("{id}", incident(server) if path.startswith("/incidents") else key["id"])
        answer = requests.post(url, body.encode(), headers={"Content-Type": media_type}, timeout=60)
        assert answer.status_code in (200, 201), (media_type, body, answer.text)
        assert check_answer("post", path, answer).get("rejected", 0) == 0


def check_foreign_examples(path: str, operation: dict[str, Any], server: Server) -> None:
    """Send the examples of bodies in another protocol."""
    url = server.url + path.replace("{group}", "c2hvcA" if "base64" in path else "shop")
    for media_type, content in operation["requestBody"]["content"].items():
        if "example" in content:
            headers = {"Content-Type": media_type}
            example = content["example"]
            data = example if isinstance(example, str) else json.dumps(example)
            answer = requests.post(url, at_present(data).encode(), headers=headers, timeout=10)
            assert answer.status_code in (200, 204), (media_type, answer.text)


def incident(server: Server) -> str:
    """The id of the newest incident."""
    return str(server.get("/incidents")["incidents"][0]["id"])


@pytest.fixture(scope="module")
def busy_server(server: Server) -> Server:
    """The server after records of every kind."""
    request = {"endpoint": "/shape", "latency": 12.5, "status": 503}
    tags = {"service": "shape", "endpoint": "/shape"}
    events = [
        {"type": "request", "service": "shape", "user_id": "u", "data": request},
        {"type": "error", "service": "shape", "timestamp": rfc3339(time.time() - 1), "id": "shape-1"},
        {"type": "error", "service": "shape", "id": "shape-1"},
        {"type": "", "service": "shape"},
    ]
    receipt = check_answer("post", "/events", server.post("/events", events))
    assert (receipt["accepted"], receipt["duplicates"], receipt["rejected"]) == (2, 1, 1)
    for metric in (
        {"name": "memory", "value": 512, "unit": "MB", "tags": tags, "id": "shape-2"},
        {"name": "latency", "value": 45.2, "unit": "ms", "tags": {**tags, "service": "productcatalog"}},
    ):
        assert check_answer("post", "/metrics", server.post("/metrics", metric))["message"] == "metric recorded"
    put = requests.put(f"{server.url}/redactions/shape", json={"fields": ["iban"], "user_id": "hash"}, timeout=10)
    assert check_answer("put", "/redactions/{id}", put)["outcome"] == "created"
    put = requests.put(f"{server.url}/annotations/shape", json={"text": "Deploy"}, timeout=10)
    assert check_answer("put", "/annotations/{id}", put)["outcome"] == "created"
    put = requests.put(f"{server.url}/slos/shape", json={"objective": 99, "service": "shape"}, timeout=10)
    assert check_answer("put", "/slos/{id}", put)["outcome"] == "created"
    group = {"interval": "1s", "rules": [{"alert": "Shape", "expr": "memory > 1"}]}
    put = requests.put(f"{server.url}/rules/shape", json=group, timeout=10)
    assert check_answer("put", "/rules/{id}", put)["outcome"] == "created"
    put = requests.put(f"{server.url}/errors/shape", json={"state": "muted"}, timeout=10)
    assert check_answer("put", "/errors/{id}", put)["outcome"] == "created"
    put = requests.put(f"{server.url}/status_page/shape", json={"title": "Shop"}, timeout=10)
    assert check_answer("put", "/status_page/{id}", put)["outcome"] == "created"
    put = requests.put(f"{server.url}/silences/shape", json={"service": "shape", "duration": "1h"}, timeout=10)
    assert check_answer("put", "/silences/{id}", put)["outcome"] == "created"
    put = requests.put(f"{server.url}/receivers/shape", json=RECEIVER, timeout=10)
    assert check_answer("put", "/receivers/{id}", put)["outcome"] == "created"
    put = requests.put(f"{server.url}/routes", json={"routes": [{"matchers": ["a=b"], "continue": True}]}, timeout=10)
    assert check_answer("put", "/routes", put)["outcome"] == "created"
    now = time.time_ns()
    span = {"trace_id": TRACE, "span_id": "00f067aa0ba902b7", "service": "productcatalog", "name": "GET", "start": now}
    span = {**span, "duration_ms": 5}
    assert check_answer("post", "/spans", server.post("/spans", span))
    for service in ("shape", "shape", "productcatalog"):
        check_answer(
            "post", "/heartbeat", server.post("/heartbeat", {"service": service, "status": "degraded", "interval": 60})
        )
    return server


@pytest.mark.parametrize("path", [path for method, path in OPERATIONS if method == "get"])
def test_every_read_answers_its_example_as_documented(path: str, busy_server: Server) -> None:
    operation = SPEC["paths"][path]["get"]
    parameters = operation.get("parameters", ())
    asked = {parameter["name"]: parameter["example"] for parameter in parameters if "example" in parameter}
    url = busy_server.url + path
    for place, name in PLACES.items():
        url = url.replace(place, incident(busy_server) if path == "/incidents/{id}" else name)
    if path == "/logs/context":  # there is no line
        assert requests.get(url, params=asked, timeout=10).json()["error"]["code"] == "unknown_line"
        return
    if path == "/logs/tail":  # without an end
        with requests.get(url, params=asked, timeout=10, stream=True) as stream:
            assert stream.headers["Content-Type"].split(";")[0] in operation["responses"]["200"]["content"]
        return
    answer = requests.get(url, params=asked, timeout=10)
    if "204" in operation["responses"]:
        assert (answer.status_code, answer.content) == (204, b"")
        return
    assert answer.status_code == 200, answer.text
    content = operation["responses"]["200"]["content"]
    assert answer.headers["Content-Type"].split(";")[0] in content
    if JSON_TYPE in content:
        check_answer("get", path, answer)


def test_complete_answers_have_documented_fields_only(busy_server: Server) -> None:
    def read(path: str, at: str = "") -> Any:
        return check_answer("get", path, requests.get(busy_server.url + (at or path), timeout=10))

    assert "received_at" in read("/events", "/events?service=shape")["events"][0]
    assert read("/events", "/events?limit=1")["next_cursor"]
    row = read("/services")["services"]["shape"]
    assert row["heartbeat_interval_seconds"] is not None
    full = read("/services/{service}/metrics", "/services/shape/metrics")
    assert full["endpoints"]
    assert full["metrics"]["memory"]["unit"] == "MB"
    now = read("/dashboard")["realtime_stats"]
    assert now["top_endpoints"]
    assert now["recent_events"]
    assert any(point["value"] for point in read("/series", "/series?name=memory&tag.endpoint=/shape")["points"])
    stats = read("/stats")
    assert stats["drops"]
    assert stats["days"]
    assert read("/stats/daily")["buckets"][-1]["peak_hour"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("post", "/events", "{", 400, "malformed_json"),
        ("post", "/events", "[{}]", 400, "nothing_accepted"),
        ("post", "/metrics", "[]", 400, "empty_batch"),
        ("delete", "/events", "", 405, "method_not_allowed"),
        ("post", "/heartbeat", " " * (10 * 1024 * 1024 + 1), 413, "body_too_large"),
        ("post", "/events", f"[{'0,' * MAX_BATCH}0]", 413, "batch_too_large"),
        ("post", "/events", '{"service": "s"}', 422, "validation_failed"),
        ("post", "/metrics", '{"name": "events", "value": 1}', 422, "reserved_name"),
        ("post", "/metrics", '{"name": "errors", "value": -1}', 422, "negative_value"),
        ("get", "/series", "", 422, "validation_failed"),
    ],
)
def test_errors_have_the_documented_format_and_code(
    method: str, path: str, body: str, status: int, code: str, server: Server
) -> None:
    answer = requests.request(method, server.url + path, data=body, headers={"Content-Type": JSON_TYPE}, timeout=10)
    assert answer.status_code == status
    documented = method if method in SPEC["paths"][path] else "get"
    assert check_answer(documented, path, answer)["error"]["code"] == code
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("path", "query", "status", "kind"),
    [
        ("/api/v1/query", "", 400, "bad_data"),
        ("/api/v1/query", "query=count_over_time({__name__=~'.%2B'}[90d:1s])", 422, "execution"),
        ("/api/v1/query_range", "query=up&start=1&end=2&step=0", 400, "bad_data"),
        ("/api/v1/series", "", 400, "bad_data"),
        ("/api/v1/query_exemplars", "query=x(", 400, "bad_data"),
        ("/api/v1/format_query", "query=x(", 400, "bad_data"),
    ],
)
def test_errors_of_promql_are_documented(path: str, query: str, status: int, kind: str, busy_server: Server) -> None:
    answer = requests.get(f"{busy_server.url}{path}?{query}", timeout=10)
    assert answer.status_code == status
    assert check_answer("get", path, answer)["errorType"] == kind
