"""What answers to a write mean."""

import pytest

from analytics.sinks.influx.client import InfluxAnswer
from analytics.sinks.influx.verdict import MISCONFIGURED_SECONDS, Verdict, verdict

NOW = 1_700_000_000.0
PARTIAL_3 = (
    b'{"error":"partial write of line protocol occurred","data":[{"original_line":"x","line_number":2,'
    b'"error_message":"invalid column type for column \'last\'"}]}'
)


@pytest.mark.parametrize(
    ("status", "headers", "body", "wanted"),
    [
        (204, {}, b"", Verdict("taken")),
        (200, {}, b"{}", Verdict("taken")),
        (400, {}, b'{"error":"partial write: x dropped=7"}', Verdict("refused", "400: partial write: x dropped=7", 7)),
        (400, {}, b'{"code":"invalid","message":"unable to parse"}', Verdict("refused", "400: unable to parse")),
        (422, {}, b'{"code":"unprocessable entity","message":"no"}', Verdict("refused", "422: no")),
        (
            400,
            {},
            PARTIAL_3,
            Verdict(
                "refused",
                "400: partial write of line protocol occurred: invalid column type for column 'last'",
                1,
            ),
        ),
        (413, {}, b"", Verdict("too_large", "413")),
        (429, {"retry-after": "7"}, b"", Verdict("again", "429", wait=7.0)),
        (503, {"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, b"busy", Verdict("again", "503: busy", wait=30.0)),
        (503, {"retry-after": "soon"}, b"", Verdict("again", "503")),
        (503, {"retry-after": "Tue, 14 Nov 2023 22:13:50 +" + "9" * 20}, b"", Verdict("again", "503")),
        (429, {"retry-after": "999999"}, b"", Verdict("again", "429", wait=3_600.0)),
        (500, {}, b"<html>oh</html>", Verdict("again", "500: <html>oh</html>")),
        (500, {}, b'{"error":"\xd4p"}', Verdict("again", '500: {"error":"\ufffdp"}')),
        (401, {}, b'{"error":"x"}', Verdict("again", "401: x", wait=MISCONFIGURED_SECONDS)),
        (404, {}, b"\xff" * 9_000, Verdict("again", "404: " + "\ufffd" * 200 + "…", wait=MISCONFIGURED_SECONDS)),
    ],
)
def test_each_answer(status: int, headers: dict[str, str], body: bytes, wanted: Verdict) -> None:
    assert verdict(InfluxAnswer(status, headers, body), NOW) == wanted
