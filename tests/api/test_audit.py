"""/audit: who changed what, without any secret."""

import pytest

from analytics.state.audit import AUDIT_LENGTH
from tests.access.rig import ADMIN, Rig, check_refused

ANNOTATION = {"text": "Deploy", "time": "2023-11-14T22:13:20Z"}


def test_each_change_has_its_author_newest_first() -> None:
    rig = Rig()
    made = rig.create("ingest", name="ci")
    rig.ask("PUT", "/annotations/deploy", made["secret"], json=ANNOTATION)
    rig.ask("PUT", "/annotations/deploy", made["secret"], json={**ANNOTATION, "text": "Deploy 2"})
    rig.ask("DELETE", "/annotations/deploy", ADMIN)
    rig.ask("DELETE", f"/keys/{made['id']}", ADMIN)
    found = rig.get("/audit", ADMIN).json
    assert found is not None
    ci, admin = f"ci (key {made['id']})", "ANALYTICS_ADMIN_KEY (key settings)"
    assert [(each["who"], each["action"], each["collection"], each["id"]) for each in found["changes"]] == [
        (admin, "deleted", "keys", made["id"]),
        (admin, "deleted", "annotations", "deploy"),
        (ci, "changed", "annotations", "deploy"),
        (ci, "created", "annotations", "deploy"),
        (admin, "created", "keys", made["id"]),
    ]
    assert {each["time"] for each in found["changes"]} == {"2023-11-14T22:13:20.000Z"}
    assert rig.get("/audit?limit=2", ADMIN).json["count"] == 2  # type: ignore[index]


def test_signing_in_and_out_is_recorded_without_the_token() -> None:
    rig = Rig()
    cookie = rig.session(ADMIN)
    rig.ask("DELETE", "/session", headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"})
    answer = rig.get("/audit", ADMIN)
    assert [each["action"] for each in answer.json["changes"]] == ["deleted", "created"]  # type: ignore[index]
    assert cookie.partition("=")[2] not in answer.text


def test_the_audit_log_is_bounded() -> None:
    rig = Rig()
    for number in range(AUDIT_LENGTH + 5):
        title = f"Deploy {number}"
        assert rig.ask("PUT", "/annotations/deploy", ADMIN, json={**ANNOTATION, "text": title}).status_code < 300
    found = rig.get(f"/audit?limit={AUDIT_LENGTH}", ADMIN).json
    assert found is not None
    assert (found["count"], found["changes"][-1]["action"]) == (AUDIT_LENGTH, "changed")


def test_sign_ins_and_annotations_push_out_no_changes_of_keys() -> None:
    rig = Rig()
    made = rig.create("ingest", "read", name="ci")
    for number in range(AUDIT_LENGTH + 5):
        annotation = {**ANNOTATION, "text": f"Deploy {number}"}
        assert rig.ask("PUT", "/annotations/deploy", made["secret"], json=annotation).status_code < 300
        rig.clock.advance(1)
        rig.session(made["secret"])
    found = rig.get("/audit?collection=keys", ADMIN).json
    assert found is not None
    assert [(each["action"], each["collection"], each["id"]) for each in found["changes"]] == [
        ("created", "keys", made["id"])
    ]
    collections = [each["collection"] for each in rig.get("/audit?limit=4", ADMIN).json["changes"]]  # type: ignore[index]
    assert collections == ["sessions", "annotations"] * 2, "together they are in the order in which they were made"
    restored = Rig()
    restored.take_catalog_of(rig)
    for query in ("", "?collection=keys", "?collection=sessions&limit=1000", "?collection=nothing"):
        assert restored.get(f"/audit{query}", ADMIN).json == rig.get(f"/audit{query}", ADMIN).json


@pytest.mark.parametrize("scope", ["ingest", "read"])
def test_the_audit_log_requires_the_scope_admin(scope: str) -> None:
    rig = Rig()
    check_refused(rig.get("/audit", rig.key(scope)), 403, "missing_scope")


def test_an_erasure_is_noted_without_the_user() -> None:
    rig = Rig()
    rig.post("/events", {"type": "view", "service": "shop", "user_id": "alice"}, ADMIN)
    assert rig.ask("DELETE", "/users/alice", ADMIN).status_code == 200
    answer = rig.get("/audit", ADMIN)
    (found,) = answer.json["changes"]  # type: ignore[index]
    assert (found["who"], found["action"], found["collection"]) == (
        "ANALYTICS_ADMIN_KEY (key settings)",
        "erased",
        "users",
    )
    assert "alice" not in answer.text
