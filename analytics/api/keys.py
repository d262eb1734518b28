"""/keys: who may send and read. The secret of a key is in the answer to its creation and rotation, and nowhere else."""

import logging
import sys
from collections.abc import Callable
from typing import Any, TypedDict

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.catalog.collections import KEYS
from analytics.clock import Clock, rfc3339
from analytics.doors.body import BodyReader
from analytics.errors import AnalyticsError, NotFound, ValidationFailed
from analytics.identity import ADMIN, INGEST, identity_of
from analytics.keys.key import digest, has_expired, is_admin, new_id, new_secret
from analytics.keys.keyring import Keyring
from analytics.log.recorder import Recorder
from analytics.query.catalog import resource, resources_of
from analytics.query.reader import Reader
from analytics.records import SERVICE_NAME
from analytics.resources import NewChange, Resource
from analytics.schemas.compiled import load
from analytics.schemas.key import KeySchema, RotateSchema
from analytics.schemas.queries import NoQuery

NOTHING, KEY_SCHEMA, ROTATE_SCHEMA = NoQuery(), KeySchema(), RotateSchema()
logger = logging.getLogger(__name__)


class ListedKey(TypedDict):
    """A key in an answer; `limits` has the rate of `ingest` and `reads`, None where the service's own applies."""

    id: str
    name: str
    scopes: list[str]
    services: list[str]
    types: list[str]
    origins: list[str]
    expires_at: str | None
    limits: dict[str, dict[str, float] | None]
    new_names: float | None
    updated_at: str
    updated_by: str


class KeyWithSecret(ListedKey):
    """A key that was created or rotated; `enforced` says whether requests need a key now."""

    secret: str
    enforced: bool


class LastAdmin(AnalyticsError):
    """Without this key, nobody could manage keys, and the service would be open again."""

    status = 409
    code = "last_admin_key"


def key_body(given: dict[str, Any], secret: str) -> dict[str, Any]:
    """The body of a key's resource, from what `KeySchema` loads; defaults are left out."""
    body = {name: value for name, value in given.items() if name != "expires_at" and value not in (None, [], {})}
    if given["expires_at"] is not None:
        body["expires"] = given["expires_at"].timestamp()
    limits = {name: limit for name, limit in given["limits"].items() if limit is not None}
    if limits:
        body["limits"] = limits
    return {**body, "secrets": [{"sha256": digest(secret).hex()}]}


def begin_access(keyring: Keyring, recorder: Recorder) -> None:
    """Warn if the service is open to other machines. Create and print an admin key if one is required and missing."""
    if keyring.warning:
        logger.warning(keyring.warning)
    if not keyring.is_locked or keyring.has_admin:
        return
    id_ = new_id()
    secret = new_secret(id_)
    body = key_body(KEY_SCHEMA.load({"name": "first admin key", "scopes": [ADMIN]}), secret)
    try:
        recorder.change(NewChange(KEYS.name, id_, body, who=SERVICE_NAME))
    except AnalyticsError as error:
        logger.error("no admin key could be stored: set ANALYTICS_ADMIN_KEY", extra={"reason": error.message})
    else:
        sys.stderr.write(f"\nAdmin key, shown only this once: {secret}\n\n")
        sys.stderr.flush()


def keys_blueprint(
    recorder: Recorder,
    reader: Reader,
    bodies: BodyReader,
    clock: Clock,
    is_locked: Callable[[], bool],
    *,
    has_settings_key: bool,
    is_required: bool,
) -> Blueprint:
    """Blueprint of /keys.

    Args:
        is_locked: whether requests need a key now.
        has_settings_key: whether ANALYTICS_ADMIN_KEY is set.
        is_required: whether requests need a key even without any.
    """
    blueprint = Blueprint("keys", __name__)

    def find(id_: str) -> Resource:
        found = reader.ask(resource, KEYS.name, id_)
        if found is None:
            raise NotFound(f"There is no key {id_[:40]!r}.", code="unknown_resource")
        return found

    def put(id_: str, body: dict[str, Any], secret: str, status: int, *, version: int | None) -> Response:
        who = identity_of(request.environ).who
        match = None if version is None else (version,)
        change = NewChange(KEYS.name, id_, body, who=who, if_match=match, if_none_match="*" if match is None else None)
        kept = recorder.change(change).resource
        created: KeyWithSecret = {**_row(kept), "secret": secret, "enforced": is_locked()}
        return answer(created, status)

    @blueprint.get("/keys")
    def read() -> Response:
        arguments(NOTHING)
        found = sorted(reader.ask(resources_of, KEYS.name), key=lambda each: (each.body["name"], each.name))
        return answer({"keys": [_row(each) for each in found], "count": len(found)})

    @blueprint.post("/keys")
    def create() -> Response:
        arguments(NOTHING)
        given = load(KEY_SCHEMA, bodies.read(request.environ).data)
        _check_bounds(given)
        id_ = new_id()
        secret = new_secret(id_)
        return put(id_, key_body(given, secret), secret, 201, version=None)

    @blueprint.post("/keys/<id>/rotate")
    def rotate(id: str) -> Response:
        arguments(NOTHING)
        given = load(ROTATE_SCHEMA, bodies.read(request.environ).data)
        found = find(id)
        secret, now = new_secret(id), clock.wall()
        hashes: list[dict[str, Any]] = [{"sha256": digest(secret).hex()}]
        if given["overlap_seconds"]:
            hashes.append({"sha256": found.body["secrets"][0]["sha256"], "until": now + given["overlap_seconds"]})
        return put(id, {**found.body, "secrets": hashes}, secret, 200, version=found.version)

    @blueprint.delete("/keys/<id>")
    def revoke(id: str) -> Response:
        arguments(NOTHING)
        found = find(id)
        admins = filter(is_admin, reader.ask(resources_of, KEYS.name))
        others = [each for each in admins if each.name != id and not has_expired(each, clock.wall())]
        if is_admin(found) and not (others or has_settings_key or is_required):
            raise LastAdmin(
                "This is the last admin key: without it everybody could read and write. Set ANALYTICS_ADMIN_KEY or "
                "ANALYTICS_AUTH=required first, or create another admin key."
            )
        recorder.change(NewChange(KEYS.name, id, who=identity_of(request.environ).who))
        return Response(status=204)

    return blueprint


def _check_bounds(given: dict[str, Any]) -> None:
    """Check that a key is not bound to something that one of its scopes ignores.

    Raises:
        ValidationFailed: it is.
    """
    if set(given["scopes"]) != {INGEST} and (given["services"] or given["types"] or given["origins"]):
        problem = "A key that is bound to services, event types or origins can have the scope `ingest` only."
        raise ValidationFailed(f"scopes: {problem}", code="scopes_of_bound_key", fields={"scopes": [problem]})


def _row(key: Resource) -> ListedKey:
    body = key.body
    expires = body.get("expires")
    return {
        "id": key.name,
        "name": body["name"],
        "scopes": body.get("scopes", []),
        "services": body.get("services", []),
        "types": body.get("types", []),
        "origins": body.get("origins", []),
        "expires_at": None if expires is None else rfc3339(expires),
        "limits": {"ingest": None, "reads": None, **body.get("limits", {})},
        "new_names": body.get("new_names"),
        "updated_at": rfc3339(key.updated_at),
        "updated_by": key.updated_by,
    }
