"""Traces of the demo shop: the spans and log lines of a page that a visitor opens, made of its requests."""

import random
from collections.abc import Iterable
from typing import NamedTuple

from analytics.feed.bad_deploy import SERVICE, BadDeploy
from analytics.feed.shop import Json, PageVisit
from analytics.feed.shop_lines import access_line, background_line, failure_line, request_lines
from analytics.feed.trace_data import (
    CALLERS,
    FAILURES,
    GATEWAY,
    GATEWAY_SHARE,
    NULL_CURRENCY,
    OTHER_FAILURE,
    PRICE_CHECK,
    QUERIES,
    VERSIONS,
    ShopFailure,
)

FAILED_STATUS = 500
"""Statuses from here on are failures of the service."""
_SHARE_BEFORE, _NETWORK = 0.3, (0.4, 2.5)
"""Part of the time of a service before its first call, and milliseconds on the way to another service and back."""
_BACKGROUND = 0.08
"""Background lines per trace."""


class ShopTrace(NamedTuple):
    """Spans and log lines in the form that the service accepts, lines without ids."""

    spans: list[Json]
    lines: list[Json]

    @classmethod
    def joined(cls, traces: "Iterable[ShopTrace]") -> "ShopTrace":
        """Several as one."""
        found = cls([], [])
        for each in traces:
            found.spans.extend(each.spans)
            found.lines.extend(each.lines)
        return found


class Served(NamedTuple):
    """A request as a service answers it; `milliseconds` is its own time, without that of the services it calls."""

    service: str
    method: str
    path: str
    status: int
    milliseconds: float
    calls: "list[Served]"


class Tracer:
    """Makes traces; durations, statuses and users are those of the requests of a visit."""

    def __init__(self, rng: random.Random, deploy: BadDeploy) -> None:
        self._rng, self._deploy = rng, deploy
        self._spans: list[Json] = []
        self._lines: list[Json] = []
        self._visit: PageVisit
        self._trace_id = ""

    def trace(self, visit: PageVisit) -> ShopTrace:
        """The trace of a visit; the events of its requests get the `trace_id` in their data."""
        self._spans, self._lines, self._visit = [], [], visit
        self._trace_id = f"{self._rng.getrandbits(128) | 1:032x}"
        for event in visit.requests:
            event["data"]["trace_id"] = self._trace_id
        root = self._tree(visit)
        self._serve(root, visit.at * 1e3, "")
        if self._rng.random() < _BACKGROUND:
            self._lines.append(background_line(self._rng, visit.at))
        return ShopTrace(self._spans, self._lines)

    def _tree(self, visit: PageVisit) -> Served:
        """The requests of a visit as calls of each other; a failure in a call of a caller fails that one too."""
        root, *rest = (_served(event) for event in visit.requests)
        caller = root
        for request in rest:
            caller.calls.append(request)
            if request.service in CALLERS:
                service, method, path, median = PRICE_CHECK
                request.calls.append(Served(service, method, path, 200, median * self._rng.lognormvariate(0, 0.4), []))
                caller = request
        return _with_failures(root)

    def _serve(self, request: Served, start: float, parent: str) -> float:
        """Add the spans of a request that arrives at `start` (milliseconds); returns when it is answered."""
        rng, service = self._rng, request.service
        span_id = self._span_id()
        at = start + request.milliseconds * _SHARE_BEFORE
        at = max(at, self._query(request, start + 0.05 * request.milliseconds, span_id))
        ends = [at]
        for call in request.calls:
            client, way = self._span_id(), rng.uniform(*_NETWORK)
            sent = at if service not in CALLERS else ends[-1]
            answered = self._serve(call, sent + way / 2, client) + way / 2
            self._add(
                service,
                f"{call.method} {call.service}",
                (sent, answered),
                (client, span_id),
                "client",
                {
                    "http.request.method": call.method,
                    "http.response.status_code": call.status,
                    "server.address": call.service,
                    "peer.service": call.service,
                    "url.full": f"http://{call.service}:8080{call.path}",
                },
                **({"status": "error"} if call.status >= FAILED_STATUS else {}),
            )
            ends.append(answered)
        end = max(max(ends), start) + request.milliseconds * (1 - _SHARE_BEFORE if request.calls else 0)
        end = max(end, start + request.milliseconds)
        self._finish(request, (start, end), (span_id, parent))
        return end

    def _finish(self, request: Served, times: tuple[float, float], ids: tuple[str, str]) -> None:
        """Add the span of a request, and the log lines that its service writes."""
        start, end = times
        failure: ShopFailure | None = None
        more: Json = {}
        if request.status >= FAILED_STATUS:
            more = {"status": "error", "status_message": f"HTTP {request.status}"}
            if not any(call.status >= FAILED_STATUS for call in request.calls):
                failure = self._failure(request.service)
                numbers = {"ms": round(request.milliseconds), "id": self._rng.randrange(10_000, 99_999)}
                message = failure.message.format(**numbers)
                exception = {
                    "exception.type": failure.type,
                    "exception.message": message,
                    "exception.stacktrace": failure.stack(message),
                }
                event = {"name": "exception", "time": _ns(start + (end - start) * 0.97), "attributes": exception}
                more = {"status": "error", "status_message": message, "events": [event]}
        attributes: Json = {
            "http.request.method": request.method,
            "http.route": request.path,
            "http.response.status_code": request.status,
            "url.path": request.path.replace("{id}", self._visit.product.id).replace("{user}", self._visit.user or "0"),
        }
        if failure is not None:
            attributes["error.type"] = failure.type
        name = f"{request.method} {request.path}"
        if self._visit.user is not None:
            more["user_id"] = self._visit.user
        self._add(request.service, name, times, ids, "server", attributes, endpoint=request.path, **more)
        context = {"trace_id": self._trace_id, "span_id": ids[0]}
        served = (request.service, request.method, request.path, request.status)
        if failure is not None:
            self._lines.append(failure_line(request.service, failure.type, more["status_message"], end / 1e3, context))
        if not ids[1]:
            self._lines.append(access_line(self._rng, served, end - start, end / 1e3, context))
        self._lines.extend(request_lines(self._rng, served, end - start, end / 1e3, self._visit.product.id, context))

    def _query(self, request: Served, start: float, parent: str) -> float:
        """Add the spans of the calls to databases and the card gateway; returns when the last one is answered."""
        for query in QUERIES.get(request.service, ()):
            end = start + request.milliseconds * query.share
            attributes = {
                "db.system.name": query.system,
                "db.operation.name": query.operation,
                "db.collection.name": query.collection,
                "db.query.text": query.text,
            }
            name = f"{query.operation} {query.collection}"
            self._add(request.service, name, (start, end), (self._span_id(), parent), "client", attributes)
            start = end
        if request.service == SERVICE:
            end = start + request.milliseconds * GATEWAY_SHARE
            has_failed = request.status >= FAILED_STATUS and self._failure(SERVICE) is not NULL_CURRENCY
            attributes = {
                "http.request.method": "POST",
                "server.address": GATEWAY,
                "peer.service": GATEWAY,
                "url.full": f"https://{GATEWAY}/v2/charges",
            }
            more = {"status": "error", "status_message": "timeout"} if has_failed else {}
            ids = (self._span_id(), parent)
            self._add(SERVICE, f"POST {GATEWAY}", (start, end), ids, "client", attributes, **more)
            start = end
        return start

    def _failure(self, service: str) -> ShopFailure:
        if service == SERVICE and self._version(service) == "1.4.2":
            return NULL_CURRENCY
        return FAILURES.get(service, OTHER_FAILURE)

    def _version(self, service: str) -> str:
        return self._deploy.version(self._visit.at) if service == SERVICE else VERSIONS[service]

    def _add(
        self,
        service: str,
        name: str,
        times: tuple[float, float],
        ids: tuple[str, str],
        kind: str,
        attributes: Json,
        **more: object,
    ) -> None:
        span_id, parent = ids
        span: Json = {
            "trace_id": self._trace_id,
            "span_id": span_id,
            "service": service,
            "name": name,
            "start": _ns(times[0]),
            "end": _ns(times[1]),
            "kind": kind,
            "attributes": {**attributes, "service.version": self._version(service)},
            **more,
        }
        if parent:
            span["parent_id"] = parent
        self._spans.append(span)

    def _span_id(self) -> str:
        return f"{self._rng.getrandbits(64) | 1:016x}"


def _served(event: Json) -> Served:
    data = event["data"]
    return Served(event["service"], data["method"], data["endpoint"], data["status"], data["latency"], [])


def _with_failures(request: Served) -> Served:
    """The request, failed if a call failed that it cannot do without: those of a page that calls a caller."""
    calls = [_with_failures(call) for call in request.calls]
    needs = request.service in CALLERS or any(call.service in CALLERS for call in calls)
    has_failed = needs and any(call.status >= FAILED_STATUS for call in calls)
    return request._replace(calls=calls, status=502 if has_failed else request.status)


def _ns(milliseconds: float) -> int:
    return round(milliseconds * 1e3) * 1_000
