"""Reads figures back: in InfluxQL from InfluxDB of any version, in PromQL from VictoriaMetrics."""

from collections.abc import Mapping
from typing import Any

import gevent
import msgspec
from gevent.lock import BoundedSemaphore

from analytics.catalog.secret import SecretMissing
from analytics.clock import Clock
from analytics.points import NAME_LABEL, Labels, labels_of
from analytics.query.far.reading import CannotReadBack, FarQuery, FarSeries
from analytics.sinks.influx.client import MOST_READ_SECONDS, InfluxClient, InfluxUnreachable
from analytics.sinks.influx.lines import COUNT, INCREASE, MEASUREMENTS, METRIC_TAG, label_of, stored_value, tag_of

ONLY_GROW = (INCREASE, COUNT)
"""Of several points of one time, which VictoriaMetrics keeps, the greatest counts; of other fields the last one."""
SILENT_SECONDS = 15.0
STRANGE = "its answer is not what it should be"
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Errors of answers that are not the JSON that they should be."""
_BUILD_INFO = "/api/v1/status/buildinfo"


class InfluxReader:
    """See `FarReading`; one query at a time. After one without an answer the next ones fail at once for a while."""

    def __init__(self, client: InfluxClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._silent_until = 0.0
        self._silence = ""
        self.target = client.url.text
        self._turn = BoundedSemaphore(1)
        self._speaks_promql: bool | None = None if client.url.version == 1 else False

    def read(self, query: FarQuery) -> list[FarSeries]:
        """See `FarReading`."""
        if not self._turn.acquire(timeout=MOST_READ_SECONDS):
            raise CannotReadBack("too many queries wait for it")
        try:
            return self._read(query)
        finally:
            self._turn.release()

    def _read(self, query: FarQuery) -> list[FarSeries]:
        if self._clock.monotonic() < self._silent_until:
            raise CannotReadBack(self._silence)
        try:
            if self._speaks_promql is None:
                status = self._client.get(_BUILD_INFO, {}).status
                self._speaks_promql = status == 200
            return self._by_promql(query) if self._speaks_promql else self._by_influxql(query)
        except (InfluxUnreachable, SecretMissing) as error:
            self._silence = getattr(error, "message", "") or str(error)
            self._silent_until = self._clock.monotonic() + SILENT_SECONDS
            raise CannotReadBack(self._silence) from None
        except (KeyError, ValueError, OverflowError):
            raise CannotReadBack(STRANGE) from None

    def _by_influxql(self, query: FarQuery) -> list[FarSeries]:
        names = {"db": self._client.url.database, "epoch": "s", "q": influxql(query)}
        answer = self._answer("/query", names, _influxql_answer)
        result = answer.results[0] if answer.results else _Result()
        if answer.error or result.error or result.partial or any(series.partial for series in result.series):
            raise CannotReadBack(answer.error or result.error or "it gives a part of the answer only")
        found = []
        for series in result.series:
            points: dict[int, dict[str, float]] = {}
            for at, *values in series.values:
                fields = zip(series.columns[1:], values, strict=True)
                points[int(at or 0)] = {name: value for name, value in fields if value is not None}
            found.append(FarSeries(_labels(series.tags), points))
        return found

    def _by_promql(self, query: FarQuery) -> list[FarSeries]:
        answer = self._answer("/api/v1/query", {"query": promql(query), "time": str(query.end - 1)}, _promql_answer)
        if answer.status != "success":
            raise CannotReadBack(answer.error)
        found: dict[Labels, FarSeries] = {}
        prefix = f"{MEASUREMENTS[query.level]}_"
        for series in answer.data.result:
            name = series.metric.pop(NAME_LABEL).removeprefix(prefix)
            series.metric.pop("db", None)
            labels = _labels(series.metric)
            points = found.setdefault(labels, FarSeries(labels, {})).points
            for at, text in series.values:
                if query.start <= at < query.end:
                    fields, value = points.setdefault(int(at), {}), float(text)
                    fields[name] = max(fields.get(name, value), value) if name in ONLY_GROW else value
        return list(found.values())

    def _answer(self, path: str, query: Mapping[str, str], decoder: msgspec.json.Decoder[Any]) -> Any:
        answer = self._client.get(path, query)
        if answer.status != 200:
            raise CannotReadBack(f"it answers {answer.status}")
        decoded = gevent.get_hub().threadpool.apply(_decoded, (decoder, answer.body))
        if decoded is None:
            raise CannotReadBack(STRANGE)
        return decoded


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """The answer, or None if it is not what it should be: the thread pool would log an error."""
    try:
        return decoder.decode(body)
    except UNREADABLE:
        return None


def influxql(query: FarQuery) -> str:
    """The query in InfluxQL; times are in nanoseconds, which every version understands."""
    fields = ", ".join(map(_identifier, query.fields))
    conditions = [f"{_identifier(name)} = {_literal(value)}" for name, value in _conditions(query)]
    conditions += [f"time >= {query.start}000000000", f"time < {query.end}000000000"]
    where = " AND ".join(conditions)
    return f"SELECT {fields} FROM {_identifier(MEASUREMENTS[query.level])} WHERE {where} GROUP BY *"  # noqa: S608  # quoted


def promql(query: FarQuery) -> str:
    """The raw samples in PromQL, to be asked at the last second."""
    fields = "|".join(query.fields)
    conditions = [f'{NAME_LABEL}=~"{MEASUREMENTS[query.level]}_({fields})"']
    conditions += [f"{name}={msgspec.json.encode(value).decode()}" for name, value in _conditions(query)]
    return f"{{{','.join(conditions)}}}[{query.end - query.start}s]"


def _conditions(query: FarQuery) -> list[tuple[str, str]]:
    labels = [(tag_of(name), value) for name, value in query.labels.items()]
    return [(name, stored_value(value)) for name, value in [(METRIC_TAG, query.metric), *labels]]


def _labels(tags: Mapping[str, str]) -> Labels:
    return labels_of([(NAME_LABEL if tag == METRIC_TAG else label_of(tag), value) for tag, value in tags.items()])


def _identifier(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class _InfluxqlSeries(msgspec.Struct):
    columns: list[str]
    values: list[list[float | None]]
    tags: dict[str, str] = {}
    partial: bool = False


class _Result(msgspec.Struct):
    series: list[_InfluxqlSeries] = []
    error: str = ""
    partial: bool = False


class _InfluxqlAnswer(msgspec.Struct):
    results: list[_Result] = []
    error: str = ""


class _PromqlSeries(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _PromqlData(msgspec.Struct):
    result: list[_PromqlSeries] = []


class _PromqlAnswer(msgspec.Struct):
    status: str
    data: _PromqlData = msgspec.field(default_factory=_PromqlData)
    error: str = ""


_influxql_answer = msgspec.json.Decoder(_InfluxqlAnswer)
_promql_answer = msgspec.json.Decoder(_PromqlAnswer)
