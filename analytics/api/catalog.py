"""Resources of the catalog: one blueprint for each collection, and one for all of them together."""

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypedDict

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.conditions import if_match, if_none_match, tagged
from analytics.api.params import arguments
from analytics.catalog.bodies import check_name, item_of, shown
from analytics.catalog.collections import COLLECTIONS, Collection
from analytics.clock import Clock, rfc3339
from analytics.doors.body import Body, BodyReader
from analytics.errors import NotFound, ValidationFailed
from analytics.identity import identity_of
from analytics.log.recorder import Recorder
from analytics.query.catalog import every_resource, page_of, resource
from analytics.query.reader import Reader
from analytics.resources import NewChange, Resource, Versions
from analytics.schemas.catalog import CatalogQuery, PutQuery
from analytics.schemas.parsing import parse
from analytics.schemas.queries import NoQuery

NOTHING, PUT_QUERY, CATALOG_QUERY = NoQuery(), PutQuery(), CatalogQuery()
BODY_LIMIT = 64 * 1024
ID_BYTES = 8


class Resources(NamedTuple):
    """The parts that the routes of a collection use.

    Attributes:
        prepare: makes the body that the schema of the collection describes from what a request sent, and the time.
        new_name: names a resource that was posted.
    """

    collection: Collection
    recorder: Recorder
    reader: Reader
    bodies: BodyReader
    clock: Clock
    prepare: Callable[[Any, float], Any] = lambda given, now: given
    new_name: Callable[[], str] = lambda: secrets.token_hex(ID_BYTES)
    decode: Callable[[Body], Any] = lambda body: parse(body.data)
    """Decodes a body."""

    def blueprint(self, remove: Callable[..., Response] | None = None) -> Blueprint:
        """GET, PUT and DELETE of single resources, and POST where the service names them; `remove` is the DELETE."""
        name = self.collection.name
        blueprint = Blueprint(f"catalog_{name}", __name__)
        blueprint.get(f"/{name}/<id>")(self.get)
        blueprint.put(f"/{name}/<id>")(self.put)
        blueprint.delete(f"/{name}/<id>")(remove or self.delete)
        if not self.collection.is_named:
            blueprint.post(f"/{name}")(self.post)
        return blueprint

    def get(self, id: str) -> Response:
        """One resource."""
        arguments(NOTHING)
        found = self.find(id)
        if found is None:
            raise NotFound(f"There is no {self.collection.name}/{id}.", code="unknown_resource")
        return tagged(str(found.version), partial(shown, self.collection, found))

    def put(self, id: str) -> Response:
        """Create or replace a resource."""
        is_dry_run = arguments(PUT_QUERY)["dry_run"] == "1"
        check_name(id)
        return self._put(id, if_match(), if_none_match(), is_dry_run=is_dry_run)

    def post(self) -> Response:
        """Create a resource under a new name."""
        arguments(NOTHING)
        id_ = self.new_name()
        response = self._put(id_)
        response.headers["Location"] = f"{request.script_root}/{self.collection.name}/{id_}"
        return response

    def delete(self, id: str) -> Response:
        """Delete a resource."""
        arguments(NOTHING)
        change = NewChange(self.collection.name, id, who=who(), if_match=if_match(), if_none_match=if_none_match())
        self.recorder.change(change)
        return no_content()

    def _put(
        self, id_: str, match: Versions | None = None, none_match: Versions | None = None, *, is_dry_run: bool = False
    ) -> Response:
        now = self.clock.wall()
        given = self.prepare(self.decode(self.bodies.read(request.environ)), now)
        item = item_of(self.collection, id_, given, now, self.find(id_))
        change = NewChange(item.collection, item.name, item.body, item.start, item.end, who(), match, none_match)
        outcome, kept = self.recorder.change(change, is_dry_run=is_dry_run)
        body = {"outcome": outcome, **shown(self.collection, kept)}
        response = answer(body, 201 if outcome == "created" and not is_dry_run else 200)
        if not is_dry_run:
            response.set_etag(str(kept.version))
        return response

    def find(self, id_: str) -> Resource | None:
        """The resource with this name, or None."""
        return self.reader.ask(resource, self.collection.name, id_)


def who() -> str:
    """Who sent the current request, for `updated_by` and the audit log."""
    return identity_of(request.environ).who


def no_content() -> Response:
    """Answer without a body."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


class CatalogRow(TypedDict):
    """A resource in the answer of `/catalog`; `body` is as its collection defines it."""

    collection: str
    id: str
    body: dict[str, Any]
    version: int
    updated_at: str
    updated_by: str
    source: str


class CatalogAnswer(TypedDict):
    """The answer of `/catalog`; `next_cursor` is None after the last page."""

    resources: list[CatalogRow]
    count: int
    limit: int
    next_cursor: str | None


def catalog_blueprint(reader: Reader) -> Blueprint:
    """The blueprint of /catalog: all resources, as they are exported."""
    blueprint = Blueprint("catalog", __name__)

    @blueprint.get("/catalog")
    def read() -> Response:
        asked = arguments(CATALOG_QUERY)
        after, _, name = (asked["cursor"] or "").partition("/")
        held = reader.ask(every_resource)
        _check("collection", asked["collection"], held.resources)
        _check("cursor", after or None, held.resources)

        def payload() -> CatalogAnswer:
            page = page_of(held.resources, asked["collection"], (after, name), asked["limit"])
            found = [_row(each) for each in page.resources]
            cursor = f"{found[-1]['collection']}/{found[-1]['id']}" if page.has_more else None
            return {"resources": found, "count": len(found), "limit": asked["limit"], "next_cursor": cursor}

        return tagged(held.tag, payload, weak=True)

    return blueprint


def _check(parameter: str, collection: str | None, resources: Sequence[Resource]) -> None:
    """Check that a collection exists; one of a later version of the service does while it has resources.

    Raises:
        ValidationFailed: it does not.
    """
    if collection in (None, *COLLECTIONS) or any(each.collection == collection for each in resources):
        return
    problem = f"There is no collection {collection!r}; known: {', '.join(COLLECTIONS)}."
    raise ValidationFailed(f"{parameter}: {problem}", fields={parameter: [problem]})


def _row(each: Resource) -> CatalogRow:
    return {
        "collection": each.collection,
        "id": each.name,
        "body": each.body,
        "version": each.version,
        "updated_at": rfc3339(each.updated_at),
        "updated_by": each.updated_by,
        "source": each.source,
    }
