"""Shared by the tests of bodies: an event, its encoding, and the counts of a receipt."""

import json
from typing import Any

LINES = "application/x-ndjson"
JSON = "Content-Type: application/json"
MIB = 1024 * 1024
CHUNKED = (JSON, "Transfer-Encoding: chunked")


def event(service: str, **more: Any) -> dict[str, Any]:
    return {"type": "search", "service": service, **more}


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def receipt(accepted: int, errors: int = 0) -> dict[str, int]:
    return {"accepted": accepted, "duplicates": 0, "rejected": errors}


def counts(answer: Any) -> dict[str, int]:
    assert answer.status_code == 200, answer.text
    return {name: count for name, count in answer.json().items() if name != "errors"}


BATCH = encoded([event("zip"), event("zip")])
