"""Decoders of request bodies: content encodings, JSON and NDJSON, and the doors with all of it."""

import gzip
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO

import zstandard
from marshmallow import Schema

from analytics.catalog.bodies import item_of
from analytics.catalog.collections import ANNOTATIONS, REDACTIONS
from analytics.doors.decompression import Decompress
from analytics.doors.door import Door
from analytics.doors.forms import decode
from analytics.doors.heartbeat_door import HeartbeatDoor
from analytics.doors.json_door import events_door, metrics_door
from analytics.doors.limits import BodyLimits
from analytics.doors.media import BEACON_TYPE, ENCODINGS, JSON_TYPE, LINES_TYPE
from analytics.errors import MalformedBody, TooLarge, ValidationFailed
from analytics.privacy.hashing import Hasher
from analytics.privacy.redactor import Redactor
from analytics.records import NewEvent, NewMetric
from analytics.resources import NewChange
from analytics.schemas.compiled import SchemaDecoder, load
from analytics.schemas.event import EventSchema
from analytics.schemas.heartbeat import HeartbeatSchema
from analytics.schemas.key import KeySchema, RotateSchema, SignInSchema
from analytics.schemas.metric import MetricSchema
from analytics.schemas.parsing import parse
from analytics.schemas.redaction import PATTERN_NAMES, PLACES
from tests.fuzz.decoder import Decoder
from tests.state.rig import Rig

LIMITS = BodyLimits(64 * 1024)
MAX_BATCH = 20
DECODED = (MalformedBody, ValidationFailed, TooLarge)
EVENT = (
    b'{"type":"view","service":"shop","user_id":"u\\u00e9","timestamp":"2023-11-14T22:13:20Z","id":"1",'
    b'"data":{"a":[1,2.5e3,null],"pass\\u0057ord":{"b":1},"m":"ann@shop.example, 4111 1111 1111 1111, Bearer a.b.c"}}'
)
METRIC = (
    b'{"name":"latency","value":1.5,"unit":"ms","tags":{"service":"shop"},"timestamp":"2023-11-14T22:13:20.5+01:00"}'
)
HEARTBEAT = b'{"service":"shop","status":"healthy","instance":"a","interval":60,"grace":5,"metrics":{"requests":7}}'
KEY = (
    b'{"name":"k","scopes":["ingest"],"services":["shop"],"origins":["https://shop.example"],'
    b'"limits":{"reads":{"per_second":1,"burst":2}},"expires_at":"2033-01-01T00:00:00Z","new_names":5}'
)
ANNOTATION = (
    b'{"text":"Deploy","time":"2023-11-14T22:13:20Z","end":"2023-11-15T22:13:20Z",'
    b'"service":"shop","tags":["a"],"link":"https://ci.example/1"}'
)
BODY = EVENT * 30
BOMB = bytes(8 << 20)


def forms(item: bytes, kind: bytes) -> tuple[bytes, ...]:
    """Bodies of one item, and of several in each form."""
    broken = item[:-9]
    return (
        item,
        b"[%b,%b]" % (item, item),
        b'{"%b":[%b,{},%b]}' % (kind, item, broken),
        b"%b\n\n%b\n%b" % (item, broken, item),
        b"[" * 200,
        b'{"a":' * 200,
        b"[" + b"1," * 30,
        b'\xef\xbb\xbf {"\\ud800":"\\udc00\\u0000"}',
        b'{"value":1e999,"count":' + b"9" * 400 + b"}",
    )


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    events = SchemaDecoder(EventSchema(), NewEvent, MAX_BATCH)
    metrics = SchemaDecoder(MetricSchema(), NewMetric, MAX_BATCH)
    rig = Rig()
    rules = {"patterns": PATTERN_NAMES, "fields": ["a", "latency", "zone"], "action": "hash", "user_id": "hash"}
    rig.recorder.change(NewChange(REDACTIONS.name, "all", {**rules, "applies_to": PLACES}))
    redactor = Redactor(rig.state.catalog, Hasher(lambda: b"k" * 32), rig.recorder.count_redacted)
    behind = rig.recorder, redactor, LIMITS
    event_forms, metric_forms = forms(EVENT, b"events"), forms(METRIC, b"metrics")
    return [
        Decoder(
            "gzip", _inflated("gzip"), DECODED, (gzip.compress(BODY), gzip.compress(b"") * 40, gzip.compress(BOMB))
        ),
        Decoder("deflate", _inflated("deflate"), DECODED, (zlib.compress(BODY), _raw(BODY), zlib.compress(BOMB))),
        Decoder("zstd", _inflated("zstd"), DECODED, _zstd_frames()),
        Decoder("JSON events", partial(_decode, events, "events", False), DECODED, event_forms),
        Decoder("NDJSON events", partial(_decode, events, "events", True), DECODED, event_forms),
        Decoder("JSON metrics", partial(_decode, metrics, "metrics", False), DECODED, metric_forms),
        Decoder("NDJSON metrics", partial(_decode, metrics, "metrics", True), DECODED, metric_forms),
        Decoder("heartbeats", partial(load, HeartbeatSchema()), DECODED, (HEARTBEAT, *forms(HEARTBEAT, b"")[4:])),
        Decoder("keys", _loaded(KeySchema()), DECODED, (KEY, *forms(KEY, b"")[4:])),
        Decoder("rotations", _loaded(RotateSchema()), DECODED, (b'{"overlap_seconds":60}',)),
        Decoder("sign-ins", _loaded(SignInSchema()), DECODED, (b'{"key":"ak_0123456789abcdef_x"}',)),
        Decoder("annotations", _annotation, DECODED, (ANNOTATION, *forms(ANNOTATION, b"")[4:])),
        Decoder("events door", _door(events_door(*behind, MAX_BATCH)), (), _sent(*event_forms)),
        Decoder("metrics door", _door(metrics_door(*behind, MAX_BATCH)), (), _sent(*metric_forms)),
        Decoder("heartbeat door", _door(HeartbeatDoor(*behind)), (), _sent(HEARTBEAT)),
    ]


def _raw(data: bytes) -> bytes:
    """Raw deflate."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def _zstd_frames() -> tuple[bytes, ...]:
    compress = zstandard.ZstdCompressor().compress
    return compress(BODY), compress(b"") * 40, compress(BOMB), b"\x50\x2a\x4d\x18\x02\0\0\0ab" + compress(b"a")


def _inflated(name: str) -> Callable[[bytes], None]:
    inflate: Decompress = ENCODINGS[name]

    def check(data: bytes) -> None:
        assert len(inflate(data, LIMITS)) <= LIMITS.size

    return check


def _decode(decoder: SchemaDecoder, kind: str, is_lines: bool, data: bytes) -> object:
    return decode(decoder, data, kind, is_lines=is_lines)


def _loaded(schema: Schema) -> Callable[[bytes], object]:
    return partial(load, schema)


def _annotation(data: bytes) -> object:
    return item_of(ANNOTATIONS, "a", parse(data), 1_700_000_000.0, None)


MEDIA = (JSON_TYPE, BEACON_TYPE, f"{LINES_TYPE}; charset=utf-8", "application/x-www-form-urlencoded", "")
CODINGS = ("", "gzip", "deflate", "zstd", "br")


def _sent(*bodies: bytes) -> list[bytes]:
    """Bodies as each media type and in each encoding, chosen by their first byte: see `_door`."""
    packed: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }
    return [
        bytes([media + len(MEDIA) * coding]) + packed.get(CODINGS[coding], bytes)(body)
        for body in bodies
        for media in range(len(MEDIA))
        for coding in range(len(CODINGS))
    ]


def _door(door: Door) -> Callable[[bytes], None]:
    """Send a body to a door; its first byte chooses media type, encoding and whether the length is right."""

    def send(data: bytes) -> None:
        choice, body = data[:1] or b"\0", data[1:]
        longer, rest = divmod(choice[0], len(MEDIA) * len(CODINGS))
        coding, media = divmod(rest, len(MEDIA))
        answer = door(
            {
                "REQUEST_METHOD": "POST",
                "CONTENT_TYPE": MEDIA[media],
                "CONTENT_LENGTH": str(len(body) + longer),
                "HTTP_CONTENT_ENCODING": CODINGS[coding],
                "wsgi.input": BytesIO(body),
            }
        )
        assert answer.status < 500, answer

    return send
