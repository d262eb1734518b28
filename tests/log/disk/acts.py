"""Random acts of a service's clients, drawn by hypothesis, and all answers that the service can give afterwards."""

import contextlib
from collections.abc import Sequence
from itertools import cycle, product
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from analytics.errors import NotFound, ValidationFailed
from analytics.log.refusal import Refused
from analytics.query.series import SeriesQuery, points
from analytics.query.services import services
from analytics.records import AGGREGATES
from analytics.records import event_json as shown
from tests.query.exposition.reading import exposed
from tests.state.rig import DAY, HOUR, MINUTE, Rig, event, metric

LIMITS: dict[str, Any] = {
    "max_services": 4,
    "max_series": 14,
    "max_event_types": 3,
    "max_endpoints": 6,
    "max_service_endpoints": 3,
    "events_ring": 20,
    "metrics_ring": 10,
    "dedupe_ids": 5,
    "dedupe_seconds": 60,
    "daily_days": 30,
}
"""Limits so low that random acts reach them."""
SERVICES = ("a", "b", "c", "d", "e")
IDS = tuple(f"id{number}" for number in range(30))
NAMES = ("requests", "errors", "latency", "memory", "queue")
TAGS: tuple[dict[str, str], ...] = ({}, {"zone": "x"}, {"endpoint": "/p1"}, {"endpoint": "/p2", "zone": "y"})
QUARTERS = st.integers(0, 4_000).map(lambda number: number / 4)
"""Values with sums that are exact in any order."""

Act = tuple[Any, ...]

_service = st.sampled_from(SERVICES)
_offset = st.sampled_from(
    (None, None, None, 0.0, -1.0, -70.0, -HOUR, -5 * HOUR, -DAY, -9 * DAY, -40 * DAY, 20.0, 290.0)
)
_id = st.one_of(st.none(), st.none(), st.sampled_from(IDS))
_data = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from((200, 404, 500, 503)),
        "latency": QUARTERS,
        "endpoint": st.sampled_from(("/p1", "/p2", "/p3", "/p4", "/p5", "/p6", "/p7", "/p8")),
    },
)
_event = st.tuples(
    st.sampled_from(("request", "request", "request", "error", "view", "sale", "odd")),
    _service,
    st.one_of(st.none(), st.integers(0, 40).map(str)),
    _offset,
    _id,
    _data,
)
_metric = st.tuples(st.sampled_from(NAMES), QUARTERS, _service, st.sampled_from(TAGS), _offset, _id)
_figures = st.fixed_dictionaries(
    {},
    optional={
        "request_count": st.one_of(st.integers(0, 1000), st.just(10**60)),
        "error_count": st.integers(0, 100),
        "avg_latency": QUARTERS,
        "uptime": QUARTERS,
        "note": st.sampled_from(("é", [1, {"x": None}], 2**70)),
    },
)
_waits = st.sampled_from((0.25, 1, 1, 7, 59, 60, 61, 300, 1_000, HOUR, 5 * HOUR, DAY, 3 * DAY, 8 * DAY, 31 * DAY))
act: st.SearchStrategy[Act] = st.one_of(
    st.tuples(st.just("events"), st.lists(_event, min_size=1, max_size=6)),
    st.tuples(st.just("metrics"), st.lists(_metric, min_size=1, max_size=6)),
    st.tuples(st.just("beat"), _service, st.sampled_from(("healthy", "degraded")), _figures),
    st.tuples(st.just("wait"), _waits),
    st.tuples(st.just("wait"), _waits),
    st.tuples(st.just("read")),
    st.tuples(st.just("erase"), st.lists(st.integers(0, 40).map(str), min_size=1, max_size=3)),
)
acts = st.lists(act, max_size=25)


def do(rig: Rig, kind: str, *given: Any) -> None:
    """Perform one act."""
    now = rig.clock.wall()
    if kind == "events":
        rig.events(
            *(
                event(type_, service, user_id=user, at=None if ago is None else now + ago, id=id_, data=data)
                for type_, service, user, ago, id_, data in given[0]
            )
        )
    elif kind == "metrics":
        rig.metrics(
            *(
                metric(name, value, service, tags=tags, at=None if ago is None else now + ago, id=id_, unit="u")
                for name, value, service, tags, ago, id_ in given[0]
            )
        )
    elif kind == "beat":
        with contextlib.suppress(Refused):
            rig.beat(given[0], given[1], **given[2])
    elif kind == "erase":
        rig.recorder.erase(given[0], "ops")
    elif kind == "wait":
        rig.clock.advance(given[0])
    else:
        rig.snapshot()


def do_all(rig: Rig, acts: Sequence[Act]) -> None:
    """Perform the acts in order."""
    for each in acts:
        do(rig, *each)


def answers(rig: Rig) -> dict[str, Any]:
    """All answers that the service can give, except values that describe only the process."""
    stats = rig.stats()
    for own in ("uptime_seconds", "started_at", "memory_bytes", "ingest", "drops"):
        del stats[own]
    found: dict[str, Any] = {"stats": stats, "hours": rig.hours(), "days": rig.days(), "snapshot": rig.snapshot()}
    found["services"] = rig.ask(services)
    for name in found["services"]["services"]:
        found[f"service {name}"] = rig.service(name)
    now = rig.clock.wall()
    spans = cycle(((1, 40), (MINUTE, 3_600), (HOUR, DAY), (DAY, 30 * DAY)))
    for (name, agg), (step, span) in zip(product(("events", *NAMES), AGGREGATES), spans, strict=False):
        query = SeriesQuery(name, agg=agg, start=now - span, end=now + 400, step=step)
        with contextlib.suppress(NotFound, ValidationFailed):
            found[f"series {name} {agg} {step}"] = rig.ask_in_steps(points, query)["points"]
    text = exposed(rig)
    own = ("analytics_uptime", "analytics_memory", "analytics_ingest", "analytics_drops", "# ")
    found["exposition"] = sorted(line for line in text.splitlines() if not line.startswith(own))
    errors = rig.state.errors.ring.newest_first()
    found["errors"] = [
        (each.sequence, each.kept.at(each.place), bytes(each.kept.records[each.place].data).decode()) for each in errors
    ]
    found["events"] = [(each.sequence, shown(each.kept, each.place)) for each in rig.state.events.newest_first()]
    found["metrics"] = [
        (sequence, replace(kept.records[place], id=None), kept.at(place), kept.id(place))
        for sequence, kept, place in rig.state.metrics.newest_first()
    ]
    return found


def remembered(rig: Rig) -> list[list[str]]:
    """The ids that would be duplicates now, of events and of metrics."""
    now = rig.clock.wall()
    kinds = (rig.recorder.ids["events"], rig.recorder.ids["metrics"])
    return [[id_ for id_ in IDS if ids.knows(id_, now)] for ids in kinds]
