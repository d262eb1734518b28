"""/annotations: what happened and may explain what the charts show."""

from typing import Any

from flask import Blueprint, Response

from analytics.api.catalog import Resources
from analytics.api.conditions import tagged
from analytics.api.params import arguments
from analytics.catalog.bodies import shown
from analytics.query.catalog import ResourceFilter, newest_first
from analytics.schemas.catalog import AnnotationsQuery

ANNOTATIONS_QUERY = AnnotationsQuery()


def annotations_blueprint(resources: Resources) -> Blueprint:
    """The blueprint of /annotations: that of any collection, and a list of those in a range of time."""
    blueprint = resources.blueprint()
    collection, reader = resources.collection, resources.reader

    @blueprint.get(f"/{collection.name}")
    def read() -> Response:
        asked = arguments(ANNOTATIONS_QUERY)
        start, end = asked["start"], asked["end"]
        wanted = ResourceFilter(start and start.timestamp(), end and end.timestamp(), asked["service"], asked["tag"])
        held = reader.ask(newest_first, collection.name, wanted.end)

        def payload() -> dict[str, Any]:
            page = wanted.newest(held.resources, asked["limit"])
            found = [shown(collection, resource) for resource in page.resources]
            return {collection.name: found, "count": len(found), "limit": asked["limit"], "has_more": page.has_more}

        return tagged(held.tag, payload, weak=True)

    return blueprint
