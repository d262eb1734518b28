"""/silences: which alerts send no notifications, and when."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.catalog import Resources, no_content, who
from analytics.api.conditions import if_match, if_none_match
from analytics.api.params import arguments
from analytics.catalog.bodies import shown
from analytics.clock import rfc3339
from analytics.errors import ValidationFailed
from analytics.query.silences import ACTIVE, listed_silences, silence_state
from analytics.resources import NewChange
from analytics.schemas.compiled import loaded
from analytics.schemas.queries import NoQuery
from analytics.schemas.silence import SilencesQuery, SilenceTimes

NOTHING, SILENCES_QUERY, TIMES = NoQuery(), SilencesQuery(), SilenceTimes()


def silences_blueprint(resources: Resources) -> Blueprint:
    """The blueprint of /silences: that of any collection, where DELETE ends a silence, and a list."""
    resources = resources._replace(prepare=prepared, new_name=lambda: str(uuid.uuid4()))
    collection, recorder, reader, _, clock, *_ = resources

    def remove(id: str) -> Response:
        """End a silence that holds now, so that it is still known why nobody was notified; delete any other one."""
        arguments(NOTHING)
        found, now = resources.find(id), clock.wall()
        body = None
        if found is not None and silence_state(found, now) == ACTIVE:
            body = {**found.body, collection.end: rfc3339(now)}
        start = None if found is None or body is None else found.start
        end = None if body is None else now
        recorder.change(NewChange(collection.name, id, body, start, end, who(), if_match(), if_none_match()))
        return no_content()

    blueprint = resources.blueprint(remove)

    @blueprint.get(f"/{collection.name}")
    def read() -> Response:
        asked = arguments(SILENCES_QUERY)
        page, now = reader.ask(listed_silences, asked["state"], asked["service"], asked["limit"]), clock.wall()
        found = [{**shown(collection, each), "state": silence_state(each, now)} for each in page.resources]
        return answer({collection.name: found, "count": len(found), "limit": asked["limit"], "has_more": page.has_more})

    return blueprint


def prepared(given: Any, now: float) -> Any:
    """The body of a silence from a request, which may name a `service` and a `duration` instead.

    Raises:
        ValidationFailed: one of them is not valid.
    """
    if not isinstance(given, Mapping) or not given.keys() & {"service", "duration"}:
        return given
    asked = loaded(TIMES, {name: value for name, value in given.items() if name in TIMES.fields})
    body = {name: value for name, value in given.items() if name not in TIMES.fields or name == "startsAt"}
    if asked["service"] is not None:
        matchers = body.get("matchers", [])
        if not isinstance(matchers, list):
            raise ValidationFailed("matchers: Not a valid list.", fields={"matchers": ["Not a valid list."]})
        body["matchers"] = [*matchers, {"name": "service", "value": asked["service"]}]
    if asked["duration"] is not None:
        if body.get("endsAt") is not None:
            problem = "Must not be given together with `endsAt`."
            raise ValidationFailed(f"duration: {problem}", fields={"duration": [problem]})
        start = now if asked["startsAt"] is None else asked["startsAt"].timestamp()
        body.setdefault("startsAt", rfc3339(start))
        body["endsAt"] = rfc3339(start + asked["duration"])
    return body
