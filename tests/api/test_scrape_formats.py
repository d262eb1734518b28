"""The format of GET /metrics by the Accept header of the scraper."""

import pytest
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from analytics.api.scrape_formats import scrape_format

TEXT = "text/plain; version=0.0.4; charset=utf-8"
TEXT_1 = "text/plain; version=1.0.0; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
UNDERSCORES, UTF8 = "; escaping=underscores", "; escaping=allow-utf-8"
DELIMITED = PROTOBUF.replace(" ", "")
PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_2_42_NATIVE = (
    f"{DELIMITED},application/openmetrics-text;version=1.0.0;q=0.8,"
    "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/*", TEXT),
        ("text/plain", TEXT),
        ("text/plain;version=0.0.4", TEXT),
        ("text/plain;version=0.0.5", TEXT),
        ("application/json", TEXT),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT),
        ("text/plain;version=1.0.0", TEXT_1 + UNDERSCORES),
        ("text/plain;version=1.0.0;escaping=allow-utf-8", TEXT_1 + UTF8),
        ("text/plain;version=0.0.4;escaping=allow-utf-8", TEXT),
        ("application/openmetrics-text", OPENMETRICS + UNDERSCORES),
        ("Application/OpenMetrics-Text; version=1.0.0", OPENMETRICS + UNDERSCORES),
        ("application/openmetrics-text; version=0.0.1", TEXT),
        ("application/openmetrics-text;version=1.0.0;escaping=values", OPENMETRICS + UNDERSCORES),
        ('application/openmetrics-text; version="1.0.0"; escaping="allow-utf-8"', OPENMETRICS + UTF8),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.5", TEXT),
        ("application/openmetrics-text;q=0.5,text/plain;q=0.2", OPENMETRICS + UNDERSCORES),
        ("application/openmetrics-text;q=0,*/*;q=0.1", TEXT),
        ("*/*, text/plain;q=0", OPENMETRICS + UNDERSCORES),
        ("application/*", OPENMETRICS + UNDERSCORES),
        ("application/vnd.google.protobuf", PROTOBUF + UNDERSCORES),
        (DELIMITED, PROTOBUF + UNDERSCORES),
        (f"{DELIMITED};escaping=allow-utf-8", PROTOBUF + UTF8),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", TEXT),
        ("application/vnd.google.protobuf;proto=other.Message;encoding=delimited;q=1,text/plain;q=0.1", TEXT),
        (f"{DELIMITED};q=0.3,text/plain;q=0.4", TEXT),
        (PROMETHEUS_2_42, OPENMETRICS + UNDERSCORES),
        (PROMETHEUS_2_42_NATIVE, PROTOBUF + UNDERSCORES),
        (PROMETHEUS_3, OPENMETRICS + UTF8),
        (f"{DELIMITED};escaping=allow-utf-8;q=0.7,{PROMETHEUS_3}", PROTOBUF + UTF8),
    ],
)
def test_the_format_that_the_scraper_likes_best_is_taken(accept: str, content_type: str) -> None:
    assert scrape_format(parse_accept_header(accept, MIMEAccept)).content_type == content_type
