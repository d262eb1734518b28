"""The part of the contract about access: keys, sessions, tickets and the audit log."""

from analytics.api.codes import BODY_CODES, READ_CODES, RESOURCE_CODES, Codes
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import key, session
from analytics.schemas.catalog import AuditQuery

KEY_CODES: Codes = {**BODY_CODES, 422: ("validation_failed",)}
EXAMPLE = {"name": "checkout server", "scopes": ["ingest"], "services": ["checkout"]}

ACCESS_OPERATIONS = (
    Operation(
        "post",
        "/keys",
        "Access",
        "Create a key",
        "The answer has the secret, which is shown only this once; the service keeps its SHA-256. Keys that are bound "
        "to services, event types or origins can have the scope `ingest` only. A key with `origins` is for web pages: "
        "it is public, and has a rate of 50 items a second and 200 at once unless `limits` say otherwise.",
        {201: (key.NewKey,)},
        {**KEY_CODES, 422: ("validation_failed", "scopes_of_bound_key", "collection_full")},
        body=RequestBody(key.KeySchema, EXAMPLE),
    ),
    Operation(
        "get", "/keys", "Access", "List keys", "All keys without their secrets.", {200: (key.KeyPage,)}, READ_CODES
    ),
    Operation(
        "post",
        "/keys/{id}/rotate",
        "Access",
        "Rotate a key",
        "Gives the key a new secret. The previous one is accepted for `overlap_seconds` more, by default not at all.",
        {200: (key.NewKey,)},
        {**KEY_CODES, 404: RESOURCE_CODES[404]},
        body=RequestBody(key.RotateSchema, {"overlap_seconds": 3600}),
        path_schema=key.KeyPath,
    ),
    Operation(
        "delete",
        "/keys/{id}",
        "Access",
        "Revoke a key",
        "It is refused from the next request on; sessions that were opened with it end, as do its live connections "
        "and exports within a second.",
        {204: ()},
        {**RESOURCE_CODES, 409: ("last_admin_key",)},
        path_schema=key.KeyPath,
    ),
    Operation(
        "post",
        "/session",
        "Access",
        "Sign in",
        "Opens a session for a browser with a key that has the scope `read`; the cookie lasts for 7 days.",
        {200: (key.SessionAnswer,)},
        {
            **KEY_CODES,
            401: ("unknown_key", "key_expired"),
            403: ("missing_scope", "cross_site_request"),
            429: ("rate_limited",),
        },
        body=RequestBody(key.SignInSchema, {"key": "ak_5f0c2a9b3d18c2f0_..."}),
    ),
    Operation(
        "get",
        "/session",
        "Access",
        "Who am I",
        "Who the sender of the request is, what it may do, whether keys are required, and whether people can sign in "
        "with OpenID Connect.",
        {200: (key.SessionAnswer,)},
        READ_CODES,
    ),
    Operation(
        "delete",
        "/session",
        "Access",
        "Sign out",
        "Ends the session of the cookie.",
        {204: ()},
        {**READ_CODES, 403: ("cross_site_request",)},
    ),
    Operation(
        "get",
        "/sessions",
        "Access",
        "List sessions",
        "Who is signed in on the page. Without the scope `admin`, the sender's own sessions only.",
        {200: (session.SessionPage,)},
        READ_CODES,
    ),
    Operation(
        "delete",
        "/sessions",
        "Access",
        "End the sessions of a person",
        "Ends all sessions of one person or key, which without the scope `admin` must be the sender. Their live "
        "connections and exports end within a second.",
        {200: (session.SessionsEnded,)},
        READ_CODES,
        query=session.SessionsOf,
        asked={"who": session.PERSON},
    ),
    Operation(
        "delete",
        "/sessions/{id}",
        "Access",
        "End a session",
        "Its live connections and exports end within a second. Without the scope `admin`, only the sender's own "
        "sessions are found.",
        {204: ()},
        RESOURCE_CODES,
        path_schema=session.SessionPath,
    ),
    Operation(
        "post",
        "/tickets",
        "Access",
        "Get a ticket",
        "A ticket stands for the sender in one URL: append `ticket=…` to that of the WebSocket, of Socket.IO or of an "
        "export. It can be used once, within 30 seconds, by pages of the same origin.",
        {201: (key.TicketAnswer,)},
        READ_CODES,
    ),
    Operation(
        "get",
        "/audit",
        "Access",
        "Read the audit log",
        "Who created, changed or deleted resources of the configuration, keys and sessions among them, newest first. "
        "Of each collection the newest 1,000 changes are kept.",
        {200: (key.AuditPage,)},
        READ_CODES,
        query=AuditQuery,
    ),
)
