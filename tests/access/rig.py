"""A service in this process that requires keys, with a fake clock, and requests to it."""

from typing import Any

from werkzeug.test import TestResponse

from analytics.config import Settings
from analytics.factory import create_app
from analytics.resources import Resource
from analytics.state.state import State
from tests.fakes import FakeClock

ADMIN = "the-admin-key-of-these-tests"
SHOP = "https://shop.example"
OTHER_MACHINE = "203.0.113.7"


class Rig:
    """A service and requests to it.

    Args:
        settings: settings other than the defaults.
    """

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        chosen = {"data_dir": "", "admin_key": ADMIN, **settings}
        self.settings_key = chosen["admin_key"] or None
        self.app = create_app(Settings(**chosen), self.clock)
        self.state: State = self.app.extensions["analytics"]._state
        self.client = self.app.test_client(use_cookies=False)

    def ask(
        self,
        method: str,
        path: str,
        key: str | None = None,
        *,
        address: str = "127.0.0.1",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> TestResponse:
        """The answer to a request, with `key` in its Authorization header."""
        given = {**({} if key is None else {"Authorization": f"Bearer {key}"}), **(headers or {})}
        return self.client.open(path, method=method, headers=given, environ_base={"REMOTE_ADDR": address}, **more)

    def get(self, path: str, key: str | None = None, **more: Any) -> TestResponse:
        return self.ask("GET", path, key, **more)

    def post(self, path: str, payload: Any, key: str | None = None, **more: Any) -> TestResponse:
        return self.ask("POST", path, key, json=payload, **more)

    def create(self, *scopes: str, **body: Any) -> dict[str, Any]:
        """A new key, with its secret."""
        answer = self.post("/keys", {"name": "a key", "scopes": list(scopes), **body}, ADMIN)
        assert answer.status_code == 201, answer.text
        assert answer.json is not None
        return dict(answer.json)

    def create_without_key(self, *scopes: str, **body: Any) -> dict[str, Any]:
        """A new key of a service that requires no keys."""
        answer = self.post("/keys", {"name": "a key", "scopes": list(scopes), **body})
        assert answer.status_code == 201, answer.text
        assert answer.json is not None
        return dict(answer.json)

    def resources(self, collection: str) -> list[Resource]:
        """The resources of a collection in the catalog."""
        return self.state.catalog.named(collection)

    def take_catalog_of(self, other: "Rig") -> None:
        """Copy the keys and sessions of another service, as after a restart."""
        self.state.catalog.restore(other.state.catalog.dump())

    def key(self, *scopes: str, **body: Any) -> str:
        """The secret of a new key."""
        return str(self.create(*scopes, **body)["secret"])

    def session(self, key: str) -> str:
        """The Cookie header of somebody who signed in with `key`."""
        answer = self.post("/session", {"key": key})
        assert answer.status_code == 200, answer.text
        return str(answer.headers["Set-Cookie"].partition(";")[0])

    def ticket(self, key: str, origin: str | None = None) -> str:
        """A new ticket."""
        answer = self.ask("POST", "/tickets", key, headers={} if origin is None else {"Origin": origin})
        assert answer.status_code == 201, answer.text
        assert answer.json is not None
        return str(answer.json["ticket"])

    def refusals(self) -> dict[str, int]:
        """The refused requests by reason, as /stats counts them."""
        stats = self.get("/stats", ADMIN).json
        assert stats is not None
        return dict(stats["refusals"])


def check_refused(answer: TestResponse, status: int, code: str) -> str:
    """Check the answer to a refused request; returns its message."""
    assert (answer.status_code, answer.json and answer.json["error"]["code"]) == (status, code), answer.text
    assert answer.json is not None
    assert (answer.headers.get("WWW-Authenticate") is not None) == (status == 401)
    if status == 429:
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["RateLimit-Remaining"] == "0"
    return str(answer.json["error"]["message"])


def event(service: str = "shop", type: str = "view") -> dict[str, Any]:
    return {"service": service, "type": type}
