"""The doors for traces and logs of OpenTelemetry, in both forms."""

import base64
import copy
import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from analytics.identity import Identity
from analytics.log_lines import NewLogLine
from analytics.resources import NewChange
from analytics.spans import NewSpan
from tests.doors.records.record_rig import JSON, NOW, PROTOBUF, SPAN, TRACE, RecordRig

FORMS = (JSON, PROTOBUF)
ID_FIELDS = ("traceId", "spanId", "parentSpanId")
EVERY_KIND = {
    "s": {"stringValue": 'é"'},
    "b": {"boolValue": False},
    "i": {"intValue": "-7"},
    "d": {"doubleValue": 1.5},
    "x": {"bytesValue": "AQID"},
    "a": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "z"}]}},
    "m": {"kvlistValue": {"values": [{"key": "k", "value": {"kvlistValue": {"values": []}}}]}},
    "n": {},
}

MAP_WITH_SECRET = {
    "key": "m",
    "value": {"kvlistValue": {"values": [{"key": "secret", "value": {"stringValue": "gone"}}]}},
}


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": each if isinstance(each, dict) else {"stringValue": each}} for key, each in values.items()
    ]


def span(**more: Any) -> dict[str, Any]:
    given = {"traceId": TRACE, "spanId": SPAN, "name": "GET", "startTimeUnixNano": str(NOW - 10**9)}
    return {**given, "endTimeUnixNano": str(NOW - 10**9 + 5_000_000), **more}


def traces(*spans: dict[str, Any], **resource: Any) -> dict[str, Any]:
    shared = attributes({name.replace("_", "."): value for name, value in resource.items()})
    return {
        "resourceSpans": [
            {"resource": {"attributes": shared}, "scopeSpans": [{"scope": {"name": "lib"}, "spans": list(spans)}]}
        ]
    }


def logs(*records: dict[str, Any], **resource: Any) -> dict[str, Any]:
    shared = attributes({name.replace("_", "."): value for name, value in resource.items()})
    return {
        "resourceLogs": [
            {"resource": {"attributes": shared}, "scopeLogs": [{"scope": {"name": "app"}, "logRecords": list(records)}]}
        ]
    }


def encoded(message: dict[str, Any], form: str) -> bytes:
    if form == JSON:
        return json.dumps(message).encode()
    request = ExportTraceServiceRequest() if "resourceSpans" in message else ExportLogsServiceRequest()
    return json_format.ParseDict(_with_base64(copy.deepcopy(message)), request).SerializeToString()


def _with_base64(part: Any) -> Any:
    """Ids in base64, as protobuf's own JSON has them."""
    if isinstance(part, list):
        return [_with_base64(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: base64.b64encode(bytes.fromhex(each)).decode() if name in ID_FIELDS else _with_base64(each)
        for name, each in part.items()
    }


def sent_span(form: str, rig: RecordRig | None = None, **more: Any) -> NewSpan:
    rig = rig or RecordRig()
    answer = rig.post("/v1/traces", encoded(traces(span(**more), service_name="shop"), form), form)
    assert (answer.status, answer.content_type) == (200, form), answer
    (found,) = rig.spans
    return found


def sent_line(form: str, rig: RecordRig | None = None, **more: Any) -> NewLogLine:
    rig = rig or RecordRig()
    answer = rig.post("/v1/logs", encoded(logs(more, service_name="shop"), form), form)
    assert (answer.status, answer.content_type) == (200, form), answer
    (found,) = rig.lines
    return found


@pytest.mark.parametrize("form", FORMS)
def test_a_span_is_kept_with_all_it_has(form: str) -> None:
    event = {"timeUnixNano": str(NOW), "name": "exception", "attributes": attributes({"exception.type": "E"})}
    found = sent_span(
        form,
        parentSpanId="1" * 16,
        kind=2,
        status={"code": 2, "message": "broken"},
        traceState="a=b",
        attributes=attributes({"http.route": "/pay/{id}", "user.id": "ann"}),
        events=[event],
        links=[{"traceId": "2" * 32, "spanId": "3" * 16, "attributes": attributes({"k": "v"})}],
    )
    assert (found.trace_id, found.span_id, found.parent_id) == (TRACE, SPAN, "1" * 16)
    assert (found.service, found.name, found.endpoint, found.user_id) == ("shop", "GET", "/pay/{id}", "ann")
    assert (found.kind, found.status, found.status_message, found.state, found.scope) == (2, 2, "broken", "a=b", "lib")
    assert found.end - found.start == 5_000_000
    assert json.loads(bytes(found.attributes)) == {"http.route": "/pay/{id}", "user.id": "ann"}
    assert json.loads(bytes(found.resource)) == {"service.name": "shop"}
    assert json.loads(bytes(found.events)) == [
        {"time": NOW, "name": "exception", "attributes": {"exception.type": "E"}}
    ]
    assert json.loads(bytes(found.links)) == [{"trace_id": "2" * 32, "span_id": "3" * 16, "attributes": {"k": "v"}}]


@pytest.mark.parametrize("form", FORMS)
def test_attributes_of_every_kind_become_json(form: str) -> None:
    for _ in range(2):
        found = json.loads(bytes(sent_span(form, attributes=attributes(EVERY_KIND)).attributes))
        nested = {"a": [1, "z"], "m": {"k": {}}}
        assert found == {"s": 'é"', "b": False, "i": -7, "d": 1.5, "x": "AQID", "n": None, **nested}


@pytest.mark.parametrize("form", FORMS)
def test_numbers_that_json_does_not_have_are_text(form: str) -> None:
    values = {name: {"doubleValue": name} for name in ("NaN", "Infinity", "-Infinity")}
    found = json.loads(bytes(sent_span(form, attributes=attributes(values)).attributes))
    assert found == {name: name for name in values}


@pytest.mark.parametrize("form", FORMS)
def test_attributes_beyond_the_limits_are_cut_and_counted(form: str) -> None:
    rig = RecordRig()
    many = {f"a{number}": "x" for number in range(127)}
    found = json.loads(
        bytes(sent_span(form, rig, attributes=attributes({"long": "é" * 3000, **many, "b": "1", "c": "2"})).attributes)
    )
    assert found["long"] == "é" * 2048
    assert len(found) == 128
    assert rig.drops == {"attribute_cut": 3}


LONG = {"stringValue": "x" * 5_000}


def test_attributes_that_are_read_twice_are_cut_once() -> None:
    """The last one is written in a way that only the safe path reads."""
    for kind, message in (("logs", logs({"attributes": ["ATTRIBUTES"]})), ("traces", traces(span(attributes=["A"])))):
        rig = RecordRig()
        written = json.dumps([{"key": "a", "value": LONG}, {"key": "b"}, {"key": "c"}]).replace(" ", "")
        body = re.sub(r'\["A[A-Z]*"\]', written.replace('{"key":"c"', '{ "key":"c"'), json.dumps(message)).encode()
        assert rig.post(f"/v1/{kind}", body, JSON).status == 200
        (found,) = rig.lines or rig.spans
        assert json.loads(bytes(found.attributes)).keys() == {"a", "b", "c"}
        assert rig.drops == {"attribute_cut": 1}


def test_attributes_of_a_rejected_item_are_not_counted_as_cut() -> None:
    rig = RecordRig()
    bad = span(attributes=[{"key": "a", "value": LONG}, {"key": 5}])
    assert rig.post("/v1/traces", encoded(traces(bad, span(attributes=[{"key": "a", "value": LONG}])), JSON), JSON)
    assert rig.drops == {"attribute_cut": 1, "malformed_span": 1}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "bad", [{"traceId": "0" * 32}, {"traceId": "ab" * 8}, {"spanId": "0" * 16}, {"spanId": ""}, {"parentSpanId": "ab"}]
)
def test_a_span_with_wrong_ids_is_rejected_alone(form: str, bad: dict[str, Any]) -> None:
    rig = RecordRig()
    answer = rig.post("/v1/traces", encoded(traces(span(), span(**{"spanId": "1" * 16, **bad})), form), form)
    assert answer.status == 200
    assert len(rig.spans) == 1
    if form == PROTOBUF:
        partial = ExportTraceServiceResponse.FromString(answer.body).partial_success
        assert (partial.rejected_spans, partial.error_message[:11]) == (1, "span 'GET':")
    else:
        assert json.loads(answer.body)["partialSuccess"]["rejectedSpans"] == "1"
    assert rig.drops == {"malformed_span": 1}


@pytest.mark.parametrize("form", FORMS)
def test_a_span_that_is_sent_twice_is_kept_once(form: str) -> None:
    rig = RecordRig()
    body = encoded(traces(span()), form)
    assert [rig.post("/v1/traces", body, form).status for _ in range(2)] == [200, 200]
    assert len(rig.spans) == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_span_that_ends_before_it_begins_is_kept_as_it_is(form: str) -> None:
    found = sent_span(form, endTimeUnixNano=str(NOW - 3 * 10**9))
    assert found.end < found.start


@pytest.mark.parametrize("form", FORMS)
def test_the_old_convention_names_the_user_too(form: str) -> None:
    assert sent_span(form, attributes=attributes({"enduser.id": "bob"})).user_id == "bob"


@pytest.mark.parametrize("form", FORMS)
def test_server_spans_count_as_requests(form: str) -> None:
    rig = RecordRig()
    sent_span(form, rig, kind=2, status={"code": 2})
    assert (rig.overview["total_requests"], rig.overview["error_rate"]) == (1, 100.0)


@pytest.mark.parametrize("form", FORMS)
def test_a_log_record_is_kept_with_all_it_has(form: str) -> None:
    found = sent_line(
        form,
        timeUnixNano=str(NOW),
        severityNumber=17,
        severityText="ERR",
        body={"stringValue": "a\x00b \x1b[31mred"},
        traceId=TRACE,
        spanId=SPAN,
        attributes=attributes({"order": {"intValue": "7"}}),
        eventName="paid",
    )
    assert (found.service, found.body, found.time, found.severity) == ("shop", "a\x00b \x1b[31mred", NOW, 17)
    assert (found.severity_text, found.trace_id, found.span_id, found.scope) == ("ERR", TRACE, SPAN, "app")
    assert json.loads(bytes(found.attributes)) == {"order": 7, "event.name": "paid"}


@pytest.mark.parametrize("form", FORMS)
def test_a_body_that_is_no_text_becomes_json(form: str) -> None:
    body = {"kvlistValue": {"values": attributes({"msg": "hi", "n": {"intValue": "1"}})}}
    assert sent_line(form, body=body).body == '{"msg":"hi","n":1}'


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("text", "severity"), [("warn", 13), ("Information", 9), ("CRITICAL", 21), ("odd", 0), ("ERROR3", 19)]
)
def test_the_word_of_a_severity_gives_its_number(form: str, text: str, severity: int) -> None:
    assert sent_line(form, severityText=text, body={"stringValue": "x"}).severity == severity


@pytest.mark.parametrize("form", FORMS)
def test_a_trace_that_stands_in_attributes_or_text_is_found(form: str) -> None:
    assert sent_line(form, attributes=attributes({"otelTraceID": TRACE, "otelSpanID": SPAN})).span_id == SPAN
    found = sent_line(form, body={"stringValue": f"x traceparent: 00-{TRACE}-{SPAN}-01"})
    assert (found.trace_id, found.span_id) == (TRACE, SPAN)


@pytest.mark.parametrize("form", FORMS)
def test_an_id_of_a_line_that_is_not_valid_is_none(form: str) -> None:
    assert sent_line(form, traceId="0" * 32, body={"stringValue": "kept"}).trace_id == ""


@pytest.mark.parametrize("form", FORMS)
def test_a_body_of_a_megabyte_is_cut_and_counted(form: str) -> None:
    rig = RecordRig()
    assert sent_line(form, rig, body={"stringValue": "é" * 500_000}).body == "é" * 32_768
    assert rig.drops == {"log_line_cut": 1}


def test_who_names_no_service_is_unknown() -> None:
    rig = RecordRig()
    rig.post("/v1/logs", encoded(logs({"body": {"stringValue": "x"}}), JSON))
    rig.post("/v1/logs", encoded(logs({"body": {"stringValue": "x"}}, service_name="unknown_service"), JSON))
    assert [line.service for line in rig.lines] == ["unknown", "unknown"]


def test_names_have_no_control_characters() -> None:
    rig = RecordRig()
    rig.post("/v1/logs", encoded(logs({"body": {"stringValue": "x"}}, service_name="a\x00b\n" + "c" * 200), JSON))
    (line,) = rig.lines
    assert line.service == ("a�b�" + "c" * 124)


def test_text_that_is_not_utf_8_costs_at_most_its_item() -> None:
    rig = RecordRig()
    request = ExportTraceServiceRequest()
    body = encoded(traces(span(attributes=attributes({"k": "vvvv"})), span(spanId="1" * 16, name="nnnn")), PROTOBUF)
    assert request.FromString(body)
    assert (
        rig.post("/v1/traces", body.replace(b"vvvv", b"\xff\xfevv").replace(b"nnnn", b"\xffnnn"), PROTOBUF).status
        == 200
    )
    assert [each.name for each in rig.spans] == ["�nnn"]
    assert rig.drops == {"malformed_span": 1}


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs"])
@pytest.mark.parametrize(
    ("form", "body"),
    [
        (JSON, b"{"),
        (JSON, b'{"resourceSpans":5,"resourceLogs":5}'),
        (JSON, b"[" * 10_000),
        (PROTOBUF, b"\x0a\xff\x01x"),
        (JSON, b"\xff"),
    ],
)
def test_what_cannot_be_read_is_answered_with_a_status(path: str, form: str, body: bytes) -> None:
    rig = RecordRig()
    answer = rig.post(path, body, form)
    assert (answer.status, answer.content_type) == (400, form)
    if form == JSON:
        assert json.loads(answer.body)["code"] == 3


def test_cut_protobuf_never_fails_otherwise() -> None:
    body = encoded(traces(span(attributes=attributes(EVERY_KIND), status={"code": 1}), service_name="shop"), PROTOBUF)
    for end in range(len(body)):
        assert RecordRig().post("/v1/traces", body[:end], PROTOBUF).status in (200, 400) if end % 7 == 0 else True


def test_unpaired_surrogates_are_replaced() -> None:
    rig = RecordRig()
    body = encoded(logs({"body": {"stringValue": "BODY"}, "attributes": attributes({"k": "VALUE"})}), JSON)
    assert rig.post("/v1/logs", body.replace(b"BODY", b"\\ud83d").replace(b"VALUE", b"\\ud83d")).status == 200
    assert (rig.lines[0].body, json.loads(bytes(rig.lines[0].attributes))) == ("�", {"k": "�"})


@pytest.mark.parametrize("place", [b"BODY", b"VALUE"])
def test_json_that_is_not_utf_8_costs_its_item_alone(place: bytes) -> None:
    rig = RecordRig()
    bad = {"body": {"stringValue": "BODY"}, "attributes": attributes({"k": "VALUE"})}
    body = encoded(logs(bad, {"body": {"stringValue": "x"}}), JSON).replace(place, b"\xff\xfe")
    assert rig.post("/v1/logs", body).status == 200
    assert [line.body for line in rig.lines] == ["x"]


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
@pytest.mark.parametrize("form", FORMS)
def test_compressed_requests_are_read(form: str, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    rig = RecordRig()
    for path, message in (("/v1/logs", logs({"body": {"stringValue": "x"}})), ("/v1/traces", traces(span()))):
        body = compress(encoded(message, form))
        assert rig.post(path, body, form, HTTP_CONTENT_ENCODING=encoding).status == 200
    assert (len(rig.lines), len(rig.spans)) == (1, 1)


def test_an_empty_request_is_a_success() -> None:
    assert RecordRig().post("/v1/traces", b"", PROTOBUF).status == 200
    assert RecordRig().post("/v1/logs", b"{}").body == b"{}"


def test_unknown_fields_and_names_of_enums_are_understood() -> None:
    rig = RecordRig()
    rig.post("/v1/traces", traces(span(kind="SPAN_KIND_CONSUMER", status={"code": "STATUS_CODE_ERROR"}, odd={"x": 1})))
    assert [(each.kind, each.status) for each in rig.spans] == [(5, 2)]


def test_a_bound_key_sends_its_services_alone() -> None:
    rig = RecordRig()
    bound = Identity("key", frozenset(("ingest",)), frozenset(("shop",)))
    message = traces(span(), service_name="shop")
    message["resourceSpans"] += traces(span(spanId="1" * 16), service_name="other")["resourceSpans"]
    answer = rig.post("/v1/traces", message, identity=bound)
    assert json.loads(answer.body)["partialSuccess"]["rejectedSpans"] == "1"
    assert [each.service for each in rig.spans] == ["shop"]


def test_what_is_over_the_rate_of_a_service_is_429() -> None:
    rig = RecordRig(logs_rate=1.0)
    body = logs(*[{"body": {"stringValue": "x"}}] * 10, service_name="shop")
    assert rig.post("/v1/logs", body).status == 200
    answer = rig.post("/v1/logs", encoded(body, PROTOBUF), PROTOBUF)
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (429, "1")
    assert ExportLogsServiceResponse.FromString(b"") is not None
    assert rig.drops == {"logs_rate": 10}
    other = logs({"body": {"stringValue": "x"}}, service_name="other")
    other["resourceLogs"] += body["resourceLogs"]
    assert json.loads(rig.post("/v1/logs", other).body)["partialSuccess"]["rejectedLogRecords"] == "10"
    rig.clock.advance(10)
    assert rig.post("/v1/logs", body).body == b"{}"


def test_secrets_are_redacted() -> None:
    rig = RecordRig()
    body = {"stringValue": '{"password":"x","a":1}'}
    rig.post("/v1/logs", logs({"body": body, "attributes": attributes({"password": "x"})}))
    rig.post("/v1/traces", traces(span(attributes=attributes({"password": "x"}))))
    assert json.loads(rig.lines[0].body)["password"] != "x"
    assert b'"x"' not in bytes(rig.lines[0].attributes)
    assert b'"x"' not in bytes(rig.spans[0].attributes)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ({"attributes": attributes({"Pass-Word": "gone", "n": "kept"})}, {}),
        ({"attributes": [MAP_WITH_SECRET]}, {}),
        ({"attributes": attributes({"name": "password", "value": "gone"})}, {}),
        ({"attributes": attributes({"password": "gone" * 1_000, "n": "kept"})}, {}),
        ({"events": [{"name": "kept", "attributes": attributes({"token": "gone"})}]}, {}),
        ({"links": [{"traceId": TRACE, "spanId": SPAN, "attributes": [MAP_WITH_SECRET]}]}, {}),
        ({"events": [{"name": "gone", "attributes": []}]}, {"names": {"fields": ["name"]}}),
    ],
)
def test_a_secret_in_one_span_of_many_is_redacted(form: str, given: dict[str, Any], rules: dict[str, Any]) -> None:
    rig = RecordRig(rules)
    others = [span(spanId=f"{number:016x}", attributes=attributes({"n": "kept"})) for number in range(1, 10)]
    for batch in (others[:4], [span(**given)], [*others[4:], span(spanId="f" * 16, **given)]):
        rig.post("/v1/traces", encoded(traces(*batch, service_name="shop"), form), form)
    found = [b"".join((each.attributes, each.events, each.links)) for each in rig.spans]
    assert len(found) == 11
    assert not any(b"gone" in each for each in found)
    assert sum(b"kept" in each for each in found) >= 9


def test_a_rule_made_later_redacts_attributes_that_were_read_before() -> None:
    rig = RecordRig()
    for number in (1, 2):
        rig.post("/v1/traces", traces(span(spanId=f"{number:016x}", attributes=attributes({"card": "4711"}))))
        rig.recorder.change(NewChange("redactions", "cards", {"fields": ["card"]}))
    assert [b"4711" in bytes(each.attributes) for each in rig.spans] == [True, False]


def test_secrets_are_redacted_also_after_more_names_than_are_remembered() -> None:
    rig = RecordRig()
    for number in range(6):
        many = attributes({f"a{number}.{place}": "kept" for place in range(100)})
        rig.post("/v1/traces", traces(span(spanId=f"{number + 1:016x}", attributes=many)))
    rig.post("/v1/traces", traces(span(attributes=attributes({"password": "gone"}))))
    assert b"gone" not in bytes(rig.spans[-1].attributes)


def test_the_name_of_an_event_is_redacted_by_its_attribute() -> None:
    rig = RecordRig({"names": {"fields": ["event.name"]}})
    rig.post("/v1/logs", logs({"eventName": "gone", "body": {"stringValue": "kept"}}))
    assert b"gone" not in bytes(rig.lines[0].attributes)


def test_patterns_and_users_are_redacted() -> None:
    rig = RecordRig({"mails": {"patterns": ["email"], "user_id": "hash", "applies_to": ["data"]}})
    rig.post("/v1/logs", logs({"body": {"stringValue": "mail to ann@shop.example now"}}))
    rig.post("/v1/traces", traces(span(attributes=attributes({"user.id": "ann"}))))
    assert rig.lines[0].body == "mail to *** now"
    (kept,) = rig.spans
    assert kept.user_id != "ann"
    assert json.loads(bytes(kept.attributes))["user.id"] == kept.user_id


def test_a_sample_keeps_whole_traces_and_counts_all() -> None:
    rig = RecordRig(trace_sample=0.5)
    ids = [f"{number:016x}{number * 0x0147AE147AE147AE & 0xFFFFFFFFFFFFFFFF:016x}" for number in range(1, 101)]
    for each in ids:
        spans = [span(traceId=each, spanId="1" * 16, kind=2), span(traceId=each, spanId="2" * 16, kind=3)]
        assert rig.post("/v1/traces", traces(*spans, service_name="shop")).body == b"{}"
    kept = [each.trace_id for each in rig.spans]
    assert 30 < len(set(kept)) < 70
    assert len(kept) == 2 * len(set(kept))
    assert rig.overview["total_requests"] == 100
    assert RecordRig(trace_sample=0.0).post("/v1/traces", traces(span())).status == 200
