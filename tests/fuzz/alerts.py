"""Decoders of rules: groups of them, and the templates in them."""

from functools import partial

from analytics.catalog.bodies import item_of
from analytics.catalog.collections import RULES
from analytics.errors import MalformedBody, ValidationFailed
from analytics.schemas.parsing import parse
from analytics.templating.data import alert_data
from analytics.templating.errors import BadTemplate
from analytics.templating.template import compiled
from tests.fuzz.decoder import Decoder

GROUP = (
    b'{"interval":"1m30s","query_offset":5,"labels":{"a":"b"},"limit":3,"rules":[{"alert":"A",'
    b'"expr":"sum(rate(x[5m])) > 1","for":"5m","clear":"< 1",'
    b'"no_data":"alert","min_samples":2,"annotations":{"s":"{{ $value | humanize }}"},'
    b'"active":[{"weekdays":["monday"],"start":"22:00","end":"06:00","time_zone":"Europe/Berlin"}]},'
    b'{"record":"a:b","expr":1}]}'
)
TEMPLATES = (
    b'{{- if gt $value 1.5 -}} {{ printf "%-5.2f|%q" .Value "a\\"" }}{{ else if $labels.a }}b{{ end }}',
    b"{{ range $k, $v := $labels }}{{ $k | title }}{{ end }}{{/* c */}}{{ with .Labels }}{{ .a }}{{ else }}{{ end }}",
    b'{{ $x := reReplaceAll "(.*)" "$1" `a` }}{{ $x = (index $labels "a") }}{{ humanizeTimestamp -1e99 }}',
    b'{{ define "x" }}{{ . }}{{ end }}{{ range query "a" }}{{ template "x" .Value }}{{ break }}{{ end }}',
    b'{{ block "y" (query "a" | sortByLabel "a" | first).Labels }}{{ tmpl "x" (args 1 `b`) }}{{ continue }}{{ end }}',
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    refused = (MalformedBody, ValidationFailed)
    return [
        Decoder("groups of rules", _group, refused, (GROUP,)),
        Decoder("templates", _template, (BadTemplate, UnicodeDecodeError), TEMPLATES),
    ]


def _group(data: bytes) -> object:
    load = partial(item_of, RULES, "g")
    body = load(parse(data), 0.0, None).body
    assert load(body, 0.0, None).body == body
    return body


def _template(data: bytes) -> str:
    samples = [{"Labels": {"a": "b"}, "Value": 1.5}, {"Labels": {}, "Value": 2.0}]
    return compiled(data.decode()).text(alert_data((("a", "b"),), 1.5), lambda query: samples)
