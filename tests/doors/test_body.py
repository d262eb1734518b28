"""Reading bodies: content types, encodings and limits of each door."""

import gc
import gzip
import weakref
from io import BytesIO
from typing import Any

import pytest

from analytics.doors.body import COLLECTED_BYTES, Body, BodyReader
from analytics.doors.json_door import events_door, metrics_door
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ANY_TYPE, ENCODINGS
from analytics.errors import TooLarge, UnsupportedMedia
from analytics.privacy.redactor import Redactor
from tests.state.rig import Rig

LIMITS = BodyLimits(1_000)
EVENT, METRIC = b'{"type":"a","service":"s"}', b'{"name":"a","value":1}'


def environ_of(data: bytes, media_type: str = "application/json", encoding: str | None = None) -> dict[str, Any]:
    """The environ of a request with a body."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "CONTENT_TYPE": media_type,
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": BytesIO(data),
    }
    return environ if encoding is None else {**environ, "HTTP_CONTENT_ENCODING": encoding}


def test_a_door_chooses_its_content_types() -> None:
    reader = BodyReader(LIMITS, ["application/x-protobuf", "application/json"])
    assert reader.read(environ_of(b"x", "Application/X-Protobuf; v=1")) == Body(b"x", "application/x-protobuf")
    with pytest.raises(UnsupportedMedia, match=r"'text/plain' .* send application/x-protobuf or application/json\."):
        reader.read(environ_of(b"x", "text/plain"))


def test_a_protocol_may_have_its_own_encoding() -> None:
    reader = BodyReader(LIMITS, ["text/plain"], {**ENCODINGS, "backwards": lambda data, limits: data[::-1]})
    assert reader.read(environ_of(b"abc", "text/plain", "Backwards")).data == b"cba"


@pytest.mark.parametrize("encoding", ["br", "gzip, zstd", "gzip,", "none"])
def test_the_error_for_an_unknown_encoding_lists_the_supported_ones(encoding: str) -> None:
    with pytest.raises(UnsupportedMedia) as refused:
        BodyReader(LIMITS, ["text/plain"]).read(environ_of(b"x", "text/plain", encoding))
    assert refused.value.headers == {"Accept-Encoding": "gzip, deflate, zstd"}
    assert refused.value.message.endswith(" is not supported here; send gzip, deflate, zstd or none.")


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
def test_a_body_without_an_encoding_is_unchanged(encoding: str | None) -> None:
    assert BodyReader(LIMITS, ["text/plain"]).read(environ_of(b"\xef\xbb\xbfx", "text/plain", encoding)).data == b"x"


def test_each_reader_has_its_own_limit() -> None:
    assert len(BodyReader(LIMITS, ["text/plain"]).read(environ_of(bytes(1_000), "text/plain")).data) == 1_000
    for limits, end in ((BodyLimits(999), "."), (BodyLimits(999, advice="send less"), "; send less.")):
        with pytest.raises(TooLarge) as refused:
            BodyReader(limits, ["text/plain"]).read(environ_of(bytes(1_000), "text/plain"))
        assert refused.value.message == f"The body is larger than 999 bytes after decompression{end}"


def test_each_kind_of_record_has_its_own_batch_limit() -> None:
    rig = Rig()
    redactor = Redactor(rig.state.catalog, str, rig.recorder.count_redacted)
    events = events_door(rig.recorder, redactor, LIMITS, 2)
    metrics = metrics_door(rig.recorder, redactor, LIMITS, 3)
    assert events(environ_of(b"[" + b",".join([EVENT] * 2) + b"]")).status == 200
    assert events(environ_of(b"[" + b",".join([EVENT] * 3) + b"]")).status == 413
    assert metrics(environ_of(b"[" + b",".join([METRIC] * 3) + b"]")).status == 200
    assert metrics(environ_of(b"[" + b",".join([METRIC] * 4) + b"]")).status == 413


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded", "?"])
def test_a_door_may_take_every_content_type(media_type: str) -> None:
    assert BodyReader(LIMITS, ANY_TYPE).read(environ_of(b"x", media_type)).data == b"x"


class Cycle:
    """Refers to itself, as the errors of refused bodies do."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_what_refused_bodies_leave_is_freed_after_some_bytes_of_bodies(encoding: str | None) -> None:
    body, size = bytes(1024 * 1024), COLLECTED_BYTES // (1024 * 1024)
    sent = body if encoding is None else gzip.compress(body)
    reader = BodyReader(BodyLimits(len(body)), ANY_TYPE)
    left = weakref.ref(Cycle())
    gc.disable()
    try:
        for _ in range(size):
            reader.read(environ_of(sent, encoding=encoding))
        assert left() is not None
        reader.read(environ_of(sent, encoding=encoding))
        assert left() is None
    finally:
        gc.enable()
