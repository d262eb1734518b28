"""/keys: creating, listing, rotating and revoking, and that only a SHA-256 of a secret is kept."""

import hmac
from hashlib import sha256
from typing import Any

import pytest

from analytics.catalog.collections import KEYS, SESSIONS
from analytics.keys.key import SECRET, digest, has_expired, new_id, new_secret
from analytics.resources import Resource
from tests.access.rig import ADMIN, SHOP, Rig, check_refused, event


def test_a_secret_is_returned_once_and_has_the_documented_format() -> None:
    rig = Rig()
    made = rig.create("ingest", services=["shop"])
    found = SECRET.fullmatch(made["secret"])
    assert found is not None
    assert (found[1], made["enforced"]) == (made["id"], True)
    (row,) = rig.get("/keys", ADMIN).json["keys"]  # type: ignore[index]
    assert row == {name: value for name, value in made.items() if name not in ("secret", "enforced")}
    assert rig.post("/events", event(), made["secret"]).status_code == 201


def test_random_parts_differ() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == len({new_secret(id_) for id_ in ids} | {new_secret("0" * 16) for _ in range(100)}) - 100 == 100


def test_a_secret_that_differs_at_any_position_is_refused() -> None:
    rig = Rig()
    secret = rig.key("ingest")
    for wrong in (
        secret[:-1],
        secret + "A",
        secret[:-1] + ("A" if secret[-1] != "A" else "B"),
        f"ak_{'0' * 16}_{secret[20:]}",
        secret.upper(),
        ADMIN[:-1],
        "é" * 30,
        "",
    ):
        check_refused(rig.ask("GET", "/stats", headers={"X-API-Key": wrong or " "}), 401, "unknown_key")


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(first: bytes, second: bytes) -> bool:
        compared.extend((first, second))
        return hmac.compare_digest(first, second)

    class Watched:
        compare_digest = staticmethod(compare)

    rig = Rig()
    secret = rig.key("ingest")
    monkeypatch.setattr("analytics.keys.key.hmac", Watched)
    assert rig.post("/events", event(), secret).status_code == 201
    assert compared == [sha256(secret.encode()).digest()] * 2


@pytest.mark.parametrize("text", ["", "a", "é", "\ud800", "\x00"])
def test_any_text_has_a_digest(text: str) -> None:
    assert len(digest(text)) == 32


def test_a_key_ends_when_it_expires() -> None:
    rig = Rig()
    secret = rig.key("read", expires_at="2023-11-14T22:13:30Z")
    rig.clock.advance(9.9)
    assert rig.get("/stats", secret).status_code == 200
    rig.clock.advance(0.1)
    check_refused(rig.get("/stats", secret), 401, "key_expired")
    check_refused(rig.post("/session", {"key": secret}), 401, "key_expired")


def test_after_a_rotation_the_previous_secret_is_accepted_for_the_overlap() -> None:
    rig = Rig()
    made = rig.create("read")
    rotate = f"/keys/{made['id']}/rotate"
    second = rig.post(rotate, {"overlap_seconds": 60}, ADMIN).json["secret"]  # type: ignore[index]
    assert [rig.get("/stats", secret).status_code for secret in (made["secret"], second)] == [200, 200]
    rig.clock.advance(60)
    check_refused(rig.get("/stats", made["secret"]), 401, "unknown_key")
    third = rig.post(rotate, {}, ADMIN).json["secret"]  # type: ignore[index]
    check_refused(rig.get("/stats", second), 401, "unknown_key")
    assert rig.get("/stats", third).status_code == 200
    check_refused(rig.post("/keys/0123/rotate", {}, ADMIN), 404, "unknown_resource")


def test_a_revoked_key_is_refused_immediately() -> None:
    rig = Rig()
    made = rig.create("read")
    assert rig.get("/stats", made["secret"]).status_code == 200
    assert rig.ask("DELETE", f"/keys/{made['id']}", ADMIN).status_code == 204
    check_refused(rig.get("/stats", made["secret"]), 401, "unknown_key")
    check_refused(rig.ask("DELETE", f"/keys/{made['id']}", ADMIN), 404, "unknown_resource")


def test_the_first_admin_key_locks_the_service_and_the_last_one_stays() -> None:
    rig = Rig(admin_key="")
    assert rig.create_without_key("ingest")["enforced"] is False
    assert rig.get("/stats").status_code == 200
    first = rig.create_without_key("admin")
    assert first["enforced"] is True
    check_refused(rig.get("/stats"), 401, "unauthorized")
    revoke = f"/keys/{first['id']}"
    check_refused(rig.ask("DELETE", revoke, first["secret"]), 409, "last_admin_key")
    payload = {"name": "short", "scopes": ["admin"], "expires_at": "2023-11-14T22:13:30Z"}
    assert rig.post("/keys", payload, first["secret"]).status_code == 201
    rig.clock.advance(11)
    check_refused(rig.ask("DELETE", revoke, first["secret"]), 409, "last_admin_key")
    other = rig.post("/keys", {"name": "other", "scopes": ["admin"]}, first["secret"]).json
    assert rig.ask("DELETE", revoke, first["secret"]).status_code == 204
    assert other is not None
    assert rig.get("/stats", other["secret"]).status_code == 200


def test_an_expired_admin_key_does_not_open_the_service() -> None:
    rig = Rig(admin_key="")
    rig.create_without_key("admin", expires_at="2023-11-14T22:13:30Z")
    rig.clock.advance(11)
    check_refused(rig.get("/stats"), 401, "unauthorized")


@pytest.mark.parametrize("settings", [{"admin_key": ADMIN}, {"admin_key": "", "auth": "required"}])
def test_the_last_admin_key_can_be_revoked_if_admins_can_sign_in_otherwise(settings: dict[str, Any]) -> None:
    rig = Rig(**settings)
    if rig.settings_key is None:
        check_refused(rig.get("/stats"), 401, "unauthorized")
        return
    made = rig.create("admin")
    assert rig.ask("DELETE", f"/keys/{made['id']}", made["secret"]).status_code == 204


def test_the_admin_key_of_the_settings_may_have_the_format_of_created_keys() -> None:
    secret = new_secret(new_id())
    assert Rig(admin_key=secret).get("/keys", secret).status_code == 200


@pytest.mark.parametrize("bound", [{"services": ["a"]}, {"types": ["a"]}, {"origins": [SHOP]}])
@pytest.mark.parametrize("scopes", [["read"], ["admin"], ["ingest", "read"]])
def test_bound_keys_can_only_send(bound: dict[str, Any], scopes: list[str]) -> None:
    answer = Rig().post("/keys", {"name": "n", "scopes": scopes, **bound}, ADMIN)
    assert answer.status_code == 422
    assert "scopes" in answer.json["error"]["fields"]  # type: ignore[index]


def test_secrets_appear_only_in_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    rig = Rig()
    made = rig.create("read")
    cookie = rig.session(made["secret"])
    token = cookie.partition("=")[2]
    ticket = rig.ticket(made["secret"])
    ping = rig.create("ingest", services=["shop"])
    assert rig.get(f"/heartbeat/shop?key={ping['secret']}").status_code == 200
    secrets = (made["secret"], token, ticket, ping["secret"], ADMIN)
    answers = [rig.get(path, ADMIN) for path in ("/keys", "/catalog", "/audit", "/export/events", "/stats", "/health")]
    answers += [
        rig.get("/nothing", made["secret"]),
        rig.get(f"/stats?key={made['secret']}"),
        rig.get(f"/export/events?ticket={ticket}x"),
        rig.get(f"/heartbeat/shop?key={made['secret']}"),
        rig.get("/annotations/x", made["secret"]),
    ]
    texts = [answer.text for answer in answers] + [caplog.text, *(str(vars(record)) for record in caplog.records)]
    assert [record.message for record in caplog.records].count("request") > 10
    for secret in secrets:
        assert not any(secret in text for text in texts)
        # /audit names a session by the SHA-256 of its random token
        assert secret == token or not any(sha256(secret.encode()).hexdigest() in text for text in texts)


def test_only_hashes_are_kept() -> None:
    rig = Rig()
    made = rig.create("read")
    cookie = rig.session(made["secret"])
    from_settings = rig.session(ADMIN)
    kept = str(rig.resources(KEYS.name) + rig.resources(SESSIONS.name))
    for secret in (made["secret"], ADMIN, cookie.partition("=")[2], from_settings.partition("=")[2]):
        assert secret not in kept
    assert sha256(made["secret"].encode()).hexdigest() in kept
    assert sha256(ADMIN.encode()).hexdigest() not in kept, "a key chosen by a person could be guessed from its hash"


def test_the_private_collections_are_not_in_the_catalog() -> None:
    rig = Rig()
    rig.create("read")
    rig.session(ADMIN)
    assert rig.get("/catalog", ADMIN).json["resources"] == []  # type: ignore[index]


@pytest.mark.parametrize(("expires", "now", "is_over"), [(None, 1e12, False), (10.0, 9.9, False), (10.0, 10.0, True)])
def test_whether_a_resource_has_expired(expires: float | None, now: float, is_over: bool) -> None:
    body = {} if expires is None else {"expires": expires}
    assert has_expired(Resource("keys", "a", body, 1, 0, "me"), now) is is_over
