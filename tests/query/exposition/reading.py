"""Reads expositions: text by the parsers of prometheus_client, protobuf by messages that are defined here."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from analytics.query.exposition.protobuf import ProtobufWriter
from analytics.query.exposition.render import Writer, exposition
from analytics.query.exposition.text import TextWriter
from tests.state.rig import Rig

Sample = tuple[Any, ...]
"""Name, and pairs of labels ordered by name."""


def written(rig: Rig, writer: Writer, connections: int = 0, pause: Callable[[], None] = lambda: None) -> bytes:
    """All metrics as written by `writer`."""
    return b"".join(rig.ask_in_steps(exposition, connections, writer, pause=pause))


def exposed(rig: Rig, connections: int = 0, pause: Callable[[], None] = lambda: None) -> str:
    """All metrics as text."""
    return written(rig, TextWriter(openmetrics=False, utf8=False), connections, pause).decode()


def samples(text: str, *, openmetrics: bool = False) -> dict[Sample, float]:
    """The samples of a text by name and labels; none may come twice."""
    parse = openmetrics_families if openmetrics else text_string_to_metric_families
    return of_families(parse(text))


def of_families(families: Iterator[Metric]) -> dict[Sample, float]:
    """The samples of families by name and labels; none may come twice, and families neither."""
    found: dict[Sample, float] = {}
    names = set[str]()
    for family in families:
        assert family.name not in names, family.name
        names.add(family.name)
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found, key
            found[key] = sample.value
    return found


def messages(rig: Rig, *, utf8: bool = False) -> dict[str, Any]:
    """All metrics as `MetricFamily` messages by name."""
    return families_in(written(rig, ProtobufWriter(utf8=utf8)))


def families_in(body: bytes) -> dict[str, Any]:
    """The delimited `MetricFamily` messages of a body by name; none may come twice."""
    found: dict[str, Any] = {}
    place = 0
    while place < len(body):
        length = shift = 0
        while True:
            byte = body[place]
            length |= (byte & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if byte < 0x80:
                break
        family = _family_class()()
        family.ParseFromString(body[place : place + length])
        assert not _unknown(family)
        assert family.name not in found
        found[family.name] = family
        place += length
    return found


def _unknown(family: Any) -> bool:
    """Whether a message has fields that its definition does not."""
    again = _family_class()()
    again.CopyFrom(family)
    again.DiscardUnknownFields()
    return bool(again.ByteSize() != family.ByteSize())


TYPES = {"double": 1, "int64": 3, "uint64": 4, "string": 9, "uint32": 13, "sint32": 17, "sint64": 18}
DEFINITION = {
    "LabelPair": "1 string name, 2 string value",
    "Gauge": "1 double value",
    "Timestamp": "1 int64 seconds, 2 uint32 nanos",
    "Exemplar": "1 *LabelPair label, 2 double value, 3 Timestamp timestamp",
    "Counter": "1 double value, 2 Exemplar exemplar",
    "Bucket": "1 uint64 cumulative_count, 4 double cumulative_count_float, 2 double upper_bound, 3 Exemplar exemplar",
    "BucketSpan": "1 sint32 offset, 2 uint32 length",
    "Histogram": "1 uint64 sample_count, 4 double sample_count_float, 2 double sample_sum, 3 *Bucket bucket, "
    "5 sint32 schema, 6 double zero_threshold, 7 uint64 zero_count, 8 double zero_count_float, "
    "9 *BucketSpan negative_span, 10 *sint64 negative_delta, 11 *double negative_count, "
    "12 *BucketSpan positive_span, 13 *sint64 positive_delta, 14 *double positive_count",
    "Metric": "1 *LabelPair label, 2 Gauge gauge, 3 Counter counter, 7 Histogram histogram, 6 int64 timestamp_ms",
    "MetricFamily": "1 string name, 2 string help, 3 uint32 type, 4 *Metric metric, 5 string unit",
}
"""Fields of Prometheus' messages (metrics.proto of client_model); a star marks those that repeat."""


@cache
def _family_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="metrics.proto", package="io.prometheus.client", syntax="proto3")
    for name, fields in DEFINITION.items():
        message = file.message_type.add(name=name)
        for field in fields.split(", "):
            number, kind, field_name = field.split()
            added = message.field.add(name=field_name, number=int(number), label=3 if kind[0] == "*" else 1)
            kind = kind.lstrip("*")
            if kind in TYPES:
                added.type = TYPES[kind]
            else:
                added.type, added.type_name = 11, f".io.prometheus.client.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("io.prometheus.client.MetricFamily")
    return message_factory.GetMessageClass(found)
