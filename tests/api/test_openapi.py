"""The OpenAPI document and the real server hold each other to their word."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
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

from analytics.api.openapi import JSON, build_spec
from analytics.config import Settings
from tests.server import Server

EXAMPLES = int(os.environ.get("E", 30))
MAX_BATCH = 20
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
]
SPEC = build_spec(Settings().max_body, MAX_BATCH)
schema = schemathesis.openapi.from_dict(
    SPEC,
    config=schemathesis.Config.from_dict(
        {
            "seed": 1,
            "generation": {"deterministic": True, "max-examples": EXAMPLES, "database": "none"},
            "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
        }
    ),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file's own: thousands of odd names would be in the way of other tests."""
    with Server(tmp_path_factory.mktemp("openapi") / "server.log", {"ANALYTICS_MAX_BATCH": str(MAX_BATCH)}) as server:
        yield server


@schemathesis.serializer("application/x-ndjson")
def lines(context: schemathesis.SerializationContext, value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schema.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_the_answer_is_one_that_is_documented(case: schemathesis.Case, server: Server) -> None:
    case.call_and_validate(base_url=server.url, checks=[*CHECKS, bad_is_refused, good_is_taken], timeout=20)


def bad_is_refused(context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> Any:
    """As schemathesis sees it; or, where a batch has good items too, told in the receipt."""
    if response.status_code == 200 and case.method == "POST" and response.json().get("rejected"):
        return None
    return negative_data_rejection(context, response, case)


def good_is_taken(context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """JSON that is as the document says is recorded, unless its time is not one that can be."""
    mode = case.meta.generation.mode if case.meta else None
    if mode is not schemathesis.GenerationMode.POSITIVE or case.media_type != JSON or response.status_code < 300:
        return
    told = response.json()
    codes = {error["code"] for error in told["errors"]} if "errors" in told else {told["error"]["code"]}
    assert codes <= {"timestamp_too_old", "timestamp_in_future"}, told
