"""Decoders of resources of the catalog, of actions on them, and of the links in messages."""

import json

from analytics.alerts.incidents.links import IncidentLink, IncidentLinks
from analytics.alerts.rules.unit_tests import BadTestFile, samples_of
from analytics.api.incidents import ACKNOWLEDGEMENT, NOTE, SNOOZE, snoozed_until
from analytics.api.rule_tests import TEST_SCHEMA
from analytics.api.rules import YAML_TYPES, decode_group
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import COLLECTIONS, KEYS, RULES
from analytics.doors.body import Body
from analytics.errors import MalformedBody, ValidationFailed
from analytics.promql.budget import Budget, Limits
from analytics.promql.engine import PromqlEngine
from analytics.promql.errors import QueryError
from analytics.schemas.compiled import load
from analytics.schemas.parsing import parse
from analytics.schemas.sql import SqlSchema
from tests.fuzz.alerts import GROUP
from tests.fuzz.decoder import Decoder

NOW = 1_700_000_000.0
REFUSED = (MalformedBody, ValidationFailed)
TABLE = (*COLLECTIONS.values(), KEYS)
BODIES = {
    "annotations": b'{"text":"Deploy","time":"2023-11-14T22:13:20Z","tags":["a"],"link":"https://ci.example/1"}',
    "errors": b'{"state":"resolved"}',
    "redactions": b'{"fields":["api_key"],"patterns":["email"],"action":"hash"}',
    "receivers": b'{"type":"webhook","url":"https://a.example/x?y","headers":{"A":"${B}"},"template":"{{ $status }}",'
    b'"secret":"file:/run/a","send_resolved":false}',
    "routes": b'{"receivers":["ops"],"group_by":["..."],"group_wait":"30s","routes":[{"matchers":["a=~\\"b|c\\""],'
    b'"continue":true,"escalation":[{"after":"15m","receivers":["x"]}],"routes":[{"matchers":["d!=e"]}]}]}',
    "rules": GROUP,
    "silences": b'{"matchers":[{"name":"a","value":"b.*","isRegex":true,"isEqual":false}],"createdBy":"ann",'
    b'"comment":"x","startsAt":"2023-11-14T22:13:20Z","endsAt":"2023-11-15T22:13:20Z"}',
    "slos": b'{"good":"sum(rate(a[$window]))","total":"sum(rate(b[$window]))","objective":99.9,"window":"30d"}',
    "status_page": b'{"title":"Shop","components":[{"name":"a","services":["shop"]}],"public":true,"days":30}',
    "keys": b'{"name":"k","scopes":["ingest"],"origins":["https://shop.example"],"expires_at":"2033-01-01T00:00:00Z"}',
}
RULES_IN_YAML = (
    b"groups:\n- name: g\n  interval: 1m\n  rules:\n  - alert: A\n    expr: up == 0\n    for: 5m\n    labels: {a: b}\n",
    b"interval: 15s\nrules:\n- record: a:b\n  expr: &x sum(a)\n- <<: {record: c}\n  expr: *x\n",
    b"groups: 1\nrules: 2\n",
)
SERIES = (
    b"up{a=\"b\", 'c'='d\\n'}\n1+2x3 _x2 stale -0x1F NaN 1e3-1.5x4",
    b"h{}\n{{schema:0 sum:5 count:4 buckets:[1 2 1] offset:-1 z_bucket:1 z_bucket_w:0.5}}+{{count:1 buckets:[1]}}x3",
    b'{"a b"}\n{{schema:-53 sum:1 count:3 custom_values:[5 10] buckets:[1 2]}} {{counter_reset_hint:gauge}}',
    b"a{          }\n{{ {{ {{ {{",
)
ACTIONS = (
    b'{"text":"on it"}',
    b'{"text":"on it"}',
    b'{"duration":"2h","text":"later","until":null}',
    b'{"rule":{"alert":"A","expr":"up == 0"},"interval":"15s",'
    b'"input_series":[{"series":"up{a=\\"b\\"}","values":"1+0x5 _ 0x9"}]}',
    b'{"sql":"SELECT 1","limit":5,"seconds":0.5}',
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    links = IncidentLinks(lambda: b"k" * 32)
    tokens = [links.token(IncidentLink("0123456789ab", name), NOW).encode() for name in ("ops", "a.b")]
    resources = [b"%c%b" % (place, BODIES[collection.name]) for place, collection in enumerate(TABLE)]
    return [
        Decoder("resources", _resource, REFUSED, resources),
        Decoder("groups of rules in YAML", _group, REFUSED, RULES_IN_YAML),
        Decoder("actions", _action, REFUSED, [b"%c%b" % pair for pair in enumerate(ACTIONS)]),
        Decoder("series in tests of rules", _series, (BadTestFile, QueryError), SERIES),
        Decoder("links in messages", lambda data: links.read(data.decode(errors="replace"), NOW), (), tokens, size=512),
    ]


def _resource(data: bytes) -> None:
    """Load a resource, whose collection the first byte chooses; what is kept of it loads again, and stays the same."""
    collection = TABLE[data[0] % len(TABLE)] if data else TABLE[0]
    item = item_of(collection, "a", parse(data[1:]), NOW, None)
    kept = json.loads(json.dumps(item.body))
    assert item_of(collection, "a", kept, NOW, None).body == item.body


def _group(data: bytes) -> None:
    item_of(RULES, "a", decode_group(Body(data, YAML_TYPES[0])), NOW, None)


def _series(data: bytes) -> None:
    """Read a series, with its values after the first line feed, and ask for what it has."""
    name, _, values = data.decode(errors="replace").partition("\n")
    samples, last = samples_of([{"series": name, "values": values}], 15_000)
    engine = PromqlEngine(samples)
    for query in ('{__name__!=""}', 'histogram_quantile(0.9, {__name__!=""})', 'rate({__name__!=""}[1m])'):
        engine.instant(query, last, Budget(Limits(samples=10_000)))


def _action(data: bytes) -> None:
    """Load the body of an action, which the first byte chooses."""
    schemas = (ACKNOWLEDGEMENT, NOTE, SNOOZE, TEST_SCHEMA, SqlSchema())
    schema = schemas[data[0] % len(schemas)] if data else NOTE
    found = load(schema, data[1:])
    if schema is SNOOZE:
        snoozed_until(found, NOW)
