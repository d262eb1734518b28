"""/sessions: who is signed in, and who may end which session."""

from typing import Any

import pytest

from tests.access.rig import ADMIN, OTHER_MACHINE, Rig, check_refused

OWN = {"Sec-Fetch-Site": "same-origin"}
SETTINGS = "ANALYTICS_ADMIN_KEY (key settings)"


def listed(rig: Rig, key: str | None = ADMIN, **more: Any) -> list[dict[str, Any]]:
    answer = rig.get("/sessions", key, **more)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert answer.json["count"] == len(answer.json["sessions"])
    return list(answer.json["sessions"])


def names(rig: Rig, key: str | None = ADMIN, **more: Any) -> list[str]:
    return [each["who"] for each in listed(rig, key, **more)]


def test_an_admin_sees_who_is_signed_in_the_newest_first() -> None:
    rig = Rig()
    guest = rig.create("read", name="guest", expires_at="2023-11-15T00:00:00Z")
    cookie = rig.session(guest["secret"])
    rig.clock.advance(60)
    rig.session(ADMIN)
    rig.clock.advance(60)
    rig.get("/stats", headers={"Cookie": cookie}, address=OTHER_MACHINE)
    newest, oldest = listed(rig)
    assert (newest["who"], newest["scopes"], newest["last_used"], newest["address"]) == (
        SETTINGS,
        ["ingest", "read", "admin"],
        None,
        None,
    )
    assert newest["expires_at"] == "2023-11-21T22:14:20.000Z"
    assert len(oldest.pop("id")) == 64
    assert oldest == {
        "who": f"guest (key {guest['id']})",
        "scopes": ["read"],
        "since": "2023-11-14T22:13:20.000Z",
        "last_used": "2023-11-14T22:15:20.000Z",
        "address": OTHER_MACHINE,
        "expires_at": "2023-11-15T00:00:00.000Z",
        "is_own": False,
    }


def test_no_secret_is_in_the_list() -> None:
    rig = Rig()
    key = rig.key("read")
    cookie = rig.session(key)
    text = rig.get("/sessions", ADMIN).text
    assert cookie.partition("=")[2] not in text
    assert key not in text
    assert "proof" not in text


def test_people_see_and_end_their_own_sessions_alone() -> None:
    rig = Rig()
    guest = rig.create("read", name="guest")
    own, elsewhere, other = rig.session(guest["secret"]), rig.session(guest["secret"]), rig.session(ADMIN)
    who = f"guest (key {guest['id']})"
    rows = listed(rig, None, headers={"Cookie": own})
    assert [row["who"] for row in rows] == [who, who]
    assert sorted(row["is_own"] for row in rows) == [False, True]
    (admins,) = [row["id"] for row in listed(rig) if row["who"] == SETTINGS]
    headers = {"Cookie": own, **OWN}
    check_not_found(rig.ask("DELETE", f"/sessions/{admins}", headers=headers))
    assert rig.ask("DELETE", f"/sessions?who={SETTINGS}", headers=headers).json == {"ended": 0}
    assert rig.get("/stats", headers={"Cookie": other}).status_code == 200
    (second,) = [row["id"] for row in rows if not row["is_own"]]
    assert rig.ask("DELETE", f"/sessions/{second}", headers=headers).status_code == 204
    check_refused(rig.get("/stats", headers={"Cookie": elsewhere}), 401, "unauthorized")
    assert rig.get("/stats", headers={"Cookie": own}).status_code == 200


def check_not_found(answer: Any) -> None:
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "unknown_resource")


def test_no_other_page_ends_a_session() -> None:
    rig = Rig()
    cookie = rig.session(ADMIN)
    (row,) = listed(rig)
    for path in (f"/sessions/{row['id']}", f"/sessions?who={SETTINGS}"):
        answer = rig.ask("DELETE", path, headers={"Cookie": cookie, "Sec-Fetch-Site": "cross-site"})
        check_refused(answer, 403, "cross_site_request")
    assert names(rig) == [SETTINGS]


def test_an_admin_ends_one_session_or_all_of_a_person_and_that_is_noted() -> None:
    rig = Rig()
    guest, wall = rig.create("read", name="guest"), rig.create("read", name="wall")
    cookies = [rig.session(each["secret"]) for each in (guest, guest, wall)]
    of_wall = next(row["id"] for row in listed(rig) if row["who"].startswith("wall"))
    ended = rig.ask("DELETE", f"/sessions?who=guest (key {guest['id']})", ADMIN)
    assert (ended.status_code, ended.json) == (200, {"ended": 2})
    assert rig.ask("DELETE", f"/sessions/{of_wall}", ADMIN).status_code == 204
    assert listed(rig) == []
    for cookie in cookies:
        check_refused(rig.get("/stats", headers={"Cookie": cookie}), 401, "unauthorized")
    changes = rig.get("/audit", ADMIN).json["changes"][:3]  # type: ignore[index]
    assert [(each["who"], each["action"], each["collection"]) for each in changes] == [
        (SETTINGS, "deleted", "sessions")
    ] * 3
    assert changes[0]["id"] == of_wall
    check_not_found(rig.ask("DELETE", f"/sessions/{of_wall}", ADMIN))


def test_ending_sessions_requires_an_id_or_a_name() -> None:
    answer = Rig().ask("DELETE", "/sessions", ADMIN)
    assert (answer.status_code, list(answer.json["error"]["fields"])) == (422, ["who"])  # type: ignore[index]


@pytest.mark.parametrize("end", ["revoke", "rotate", "expire", "seven days"])
def test_sessions_that_are_over_are_not_in_the_list(end: str) -> None:
    rig = Rig()
    made = rig.create("read", name="guest", expires_at="2023-11-24T00:00:00Z")
    rig.session(made["secret"])
    rig.clock.advance(1)
    assert len(listed(rig)) == 1
    if end == "revoke":
        rig.ask("DELETE", f"/keys/{made['id']}", ADMIN)
    elif end == "rotate":
        rotated = rig.post(f"/keys/{made['id']}/rotate", {"overlap_seconds": 10}, ADMIN).json
        assert listed(rig)[0]["expires_at"] == "2023-11-14T22:13:31.000Z"
        rig.session(rotated["secret"])  # type: ignore[index]
        rig.clock.advance(10)
        (row,) = listed(rig)
        assert row["since"] == "2023-11-14T22:13:21.000Z", "the one that the new secret opened"
        return
    else:
        rig.clock.advance(2 * 86_400 if end == "expire" else 7 * 86_400)
        if end == "expire":
            assert len(listed(rig)) == 1
            rig.clock.advance(7 * 86_400)
    assert listed(rig) == []


def test_a_failed_use_of_a_session_is_none() -> None:
    rig = Rig()
    cookie = rig.session(ADMIN)
    rig.get("/stats", headers={"Cookie": cookie + "x"})
    assert listed(rig)[0]["last_used"] is None


def test_without_keys_everybody_sees_all_sessions() -> None:
    rig = Rig(admin_key="")
    made = rig.create_without_key("read", name="guest")
    rig.session(made["secret"])
    assert names(rig, None) == [f"guest (key {made['id']})"]
