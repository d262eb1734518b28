"""Builds what decides who may use the service: people, keys, sessions, tickets and leases."""

from typing import TYPE_CHECKING, Any, NamedTuple

from analytics.addresses import is_loopback
from analytics.api.late import late_blueprint
from analytics.catalog.collections import KEYS, SESSIONS
from analytics.clock import Clock
from analytics.config import Settings
from analytics.doors.body import BodyReader
from analytics.keys.check import KeyCheck
from analytics.keys.keyring import Keyring
from analytics.keys.leases import Leases
from analytics.keys.sessions import Sessions
from analytics.keys.tickets import Tickets
from analytics.lazy import Lazy
from analytics.log.recorder import Recorder
from analytics.people.roles import Roles
from analytics.people.ways import People
from analytics.query.reader import Reader
from analytics.state.state import State

if TYPE_CHECKING:
    from analytics.api.sign_ins import SignIns


class AccessParts(NamedTuple):
    """The parts, which share the catalog of the state; `is_required`: nothing is allowed without a key or session."""

    people: People
    keyring: Keyring
    check: KeyCheck
    sessions: Sessions
    tickets: Tickets
    leases: Leases
    is_required: bool


def access_parts(settings: Settings, clock: Clock, state: State) -> AccessParts:
    """The parts of access for these settings."""
    catalog = state.catalog
    people = People(
        Roles(settings.admins, settings.editors, settings.viewers),
        clock,
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        groups_claim=settings.oidc_groups_claim,
        user_header=settings.proxy_user_header,
        groups_header=settings.proxy_groups_header,
        has_proxies=bool(settings.trusted_proxies),
    )
    is_required = settings.auth == "required" or people.can_sign_in
    keyring = Keyring(
        settings.admin_key,
        clock,
        lambda: catalog.revision_of(KEYS.name),
        lambda: catalog.named(KEYS.name),
        is_required=is_required,
        has_admin_people=people.has_admins,
        is_exposed=not is_loopback(settings.host),
    )
    sessions = Sessions(
        keyring,
        people.roles,
        clock,
        lambda name: catalog.get(SESSIONS.name, name),
        lambda: catalog.named(SESSIONS.name),
    )
    leases = Leases(
        clock.wall,
        lambda: (catalog.revision_of(KEYS.name), catalog.revision_of(SESSIONS.name)),
        lambda: keyring.is_locked,
    )
    return AccessParts(people, keyring, KeyCheck(keyring, clock), sessions, Tickets(clock), leases, is_required)


def begin_access(keyring: Keyring, recorder: Recorder) -> None:
    """Warn if the service is open to other machines. Create and print an admin key if one is required and missing."""
    if keyring.warning or keyring.is_locked:
        from analytics.api import keys

        keys.begin_access(keyring, recorder)


def access_blueprints(
    settings: Settings, access: AccessParts, recorder: Recorder, reader: Reader, bodies: BodyReader, clock: Clock
) -> list[Any]:
    """The blueprints of keys, sessions, people and the audit log."""
    people, keyring = access.people, access.keyring

    def make_keys() -> Any:
        from analytics.api.keys import keys_blueprint

        return keys_blueprint(
            recorder,
            reader,
            bodies,
            clock,
            lambda: keyring.is_locked,
            has_settings_key=bool(settings.admin_key),
            is_required=access.is_required,
        )

    def make_sign_ins() -> "SignIns":
        from analytics.api.sign_ins import SignIns

        return SignIns(recorder, reader, clock)

    sign_ins = Lazy(make_sign_ins)

    def make_session() -> Any:
        from analytics.api.session import session_blueprint

        has_provider = people.provider is not None
        return session_blueprint(keyring, access.check, access.tickets, sign_ins(), bodies, has_provider=has_provider)

    def make_sessions() -> Any:
        from analytics.api.sessions import sessions_blueprint

        return sessions_blueprint(access.sessions, recorder)

    def make_oidc() -> Any:
        from analytics.api.oidc import oidc_blueprint

        return oidc_blueprint(people.provider, people.groups_claim, people.roles, sign_ins())

    def make_audit() -> Any:
        from analytics.api.audit import audit_blueprint

        return audit_blueprint(reader)

    return [
        late_blueprint("keys", "GET /keys, POST /keys, POST /keys/<id>/rotate, DELETE /keys/<id>", make_keys),
        late_blueprint("session", "GET /session, POST /session, DELETE /session, POST /tickets", make_session),
        late_blueprint("sessions", "GET /sessions, DELETE /sessions, DELETE /sessions/<id>", make_sessions),
        late_blueprint("oidc", "GET /session/oidc, GET /session/oidc/callback", make_oidc),
        late_blueprint("audit", "GET /audit", make_audit),
    ]
