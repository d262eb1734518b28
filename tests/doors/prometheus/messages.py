"""Messages of remote write, built by the protobuf package from their definition, for tests."""

from typing import Any

from cramjam import snappy
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

DOUBLE, INT64, UINT64, STRING, MESSAGE, UINT32, SINT32, SINT64 = 1, 3, 4, 9, 11, 13, 17, 18
TYPES = ("UNKNOWN", "COUNTER", "GAUGE", "HISTOGRAM", "GAUGEHISTOGRAM", "SUMMARY", "INFO", "STATESET")
DEFINITION: dict[str, list[tuple[str, int, int, str]]] = {
    "Label": [("name", 1, STRING, ""), ("value", 2, STRING, "")],
    "Sample": [("value", 1, DOUBLE, ""), ("timestamp", 2, INT64, "")],
    "Exemplar": [("labels", 1, MESSAGE, "*Label"), ("value", 2, DOUBLE, ""), ("timestamp", 3, INT64, "")],
    "BucketSpan": [("offset", 1, SINT32, ""), ("length", 2, UINT32, "")],
    "Histogram": [
        ("count_int", 1, UINT64, ""),
        ("count_float", 2, DOUBLE, ""),
        ("sum", 3, DOUBLE, ""),
        ("schema", 4, SINT32, ""),
        ("zero_threshold", 5, DOUBLE, ""),
        ("zero_count_int", 6, UINT64, ""),
        ("zero_count_float", 7, DOUBLE, ""),
        ("negative_spans", 8, MESSAGE, "*BucketSpan"),
        ("negative_deltas", 9, SINT64, "*"),
        ("negative_counts", 10, DOUBLE, "*"),
        ("positive_spans", 11, MESSAGE, "*BucketSpan"),
        ("positive_deltas", 12, SINT64, "*"),
        ("positive_counts", 13, DOUBLE, "*"),
        ("reset_hint", 14, UINT32, ""),
        ("timestamp", 15, INT64, ""),
    ],
    "TimeSeries": [
        ("labels", 1, MESSAGE, "*Label"),
        ("samples", 2, MESSAGE, "*Sample"),
        ("exemplars", 3, MESSAGE, "*Exemplar"),
        ("histograms", 4, MESSAGE, "*Histogram"),
    ],
    "MetricMetadata": [
        ("type", 1, UINT32, ""),
        ("metric_family_name", 2, STRING, ""),
        ("help", 4, STRING, ""),
        ("unit", 5, STRING, ""),
    ],
    "WriteRequest": [("timeseries", 1, MESSAGE, "*TimeSeries"), ("metadata", 3, MESSAGE, "*MetricMetadata")],
}
"""Name, number, type and message of each field by message; `*` for repeated ones."""


def _message() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="remote.proto", package="prometheus", syntax="proto3")
    for message, members in DEFINITION.items():
        added = file.message_type.add(name=message)
        for name, number, type_, of in members:
            field = added.field.add(name=name, number=number, type=type_, label=3 if of.startswith("*") else 1)
            if of.strip("*"):
                field.type_name = f".prometheus.{of.strip('*')}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


WriteRequest = _message()
NOW = 1_700_000_000.0
MILLISECONDS = int(NOW * 1000)


def series(labels: dict[str, str], *values: float, at: int = MILLISECONDS, **more: Any) -> dict[str, Any]:
    """A series with samples, the first of them at a time in milliseconds, the others a second later each."""
    samples = [{"value": value, "timestamp": at + 1_000 * place} for place, value in enumerate(values)]
    return {"labels": [{"name": name, "value": value} for name, value in labels.items()], "samples": samples, **more}


def message(*timeseries: dict[str, Any], metadata: tuple[dict[str, Any], ...] = ()) -> bytes:
    """A request as its message."""
    data: bytes = WriteRequest(timeseries=timeseries, metadata=metadata).SerializeToString()
    return data


def request(*timeseries: dict[str, Any], metadata: tuple[dict[str, Any], ...] = ()) -> bytes:
    """A request as its body."""
    return packed(message(*timeseries, metadata=metadata))


def packed(data: bytes) -> bytes:
    """Data as a block of Snappy."""
    return bytes(snappy.compress_raw(data))


def announced(name: str, type_: str, help_: str = "", unit: str = "") -> dict[str, Any]:
    """What a sender announces of a metric."""
    return {"type": TYPES.index(type_), "metric_family_name": name, "help": help_, "unit": unit}
