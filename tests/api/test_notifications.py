"""/receivers, /routes and /notifications over HTTP, in this process."""

from typing import Any

from analytics.alerting import AlertChange, NewAlertStates
from analytics.notifications import FiredAlert, NewNotification, NewNotificationEnd
from analytics.resources import NewChange
from analytics.scopes import DECISIONS
from tests.access.rig import ADMIN, Rig
from tests.alerts.notify.world import labels_of

HOOK = {"type": "webhook", "url": "https://hooks.shop.example/", "secret": "${HOOK_SECRET}"}


def told(rig: Rig, receiver: str, after: int = 0) -> None:
    """Queue a message."""
    labels = labels_of(alertname="Slow", service="shop")
    recorder = rig.app.extensions["analytics"]._recorder
    recorder.change_alerts(
        NewAlertStates("rules", rig.clock.wall(), [AlertChange("Slow", labels, "firing", True, 1.0)])
    )
    (alert,) = rig.state.alerts
    fired = [FiredAlert(alert.key, rig.clock.wall())]
    recorder.notify(NewNotification(receiver, (("alertname", "Slow"),), "changed", after, fired, [], 1))


def rows(rig: Rig, query: str = "") -> list[dict[str, Any]]:
    answer = rig.get(f"/notifications{query}", ADMIN)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["notifications"]  # type: ignore[index]
    return found


def test_a_receiver_is_put_read_listed_and_deleted() -> None:
    rig = Rig()
    made = rig.ask("PUT", "/receivers/ops", ADMIN, json=HOOK)
    assert (made.status_code, made.json["outcome"]) == (201, "created")  # type: ignore[index]
    read = rig.get("/receivers/ops", ADMIN).json
    assert read is not None
    assert {name: read[name] for name in HOOK} == HOOK
    assert "send_resolved" not in read
    listed = rig.get("/receivers", ADMIN).json
    assert listed == {"receivers": [read], "count": 1}
    assert rig.ask("DELETE", "/receivers/ops", ADMIN).status_code == 204
    assert rig.ask("POST", "/receivers/ops/test", ADMIN).status_code == 404


def test_a_trial_tells_why_it_failed() -> None:
    rig = Rig()
    rig.ask("PUT", "/receivers/ops", ADMIN, json=HOOK)
    trial = rig.ask("POST", "/receivers/ops/test", ADMIN).json
    assert trial is not None
    assert trial["delivered"] is False
    assert trial["answer"] == "The environment variable HOOK_SECRET is not set, or empty: it should hold a secret."
    assert rows(rig) == [], "nothing is recorded"


def test_the_tree_of_routes_is_one_resource() -> None:
    rig = Rig()
    assert rig.get("/routes", ADMIN).status_code == 404
    tree = {"receivers": ["ops"], "routes": [{"matchers": ["a=b"], "continue": True}]}
    assert rig.ask("PUT", "/routes", ADMIN, json=tree).status_code == 201
    read = rig.get("/routes", ADMIN).json
    assert read is not None
    assert (read["receivers"], read["routes"]) == (tree["receivers"], tree["routes"])
    again = rig.ask("PUT", "/routes", ADMIN, json=tree)
    assert (again.status_code, again.json["outcome"]) == (200, "unchanged")  # type: ignore[index]
    assert rig.ask("DELETE", "/routes", ADMIN).status_code == 204


def test_messages_are_listed_by_state_and_receiver() -> None:
    rig = Rig()
    told(rig, "ops")
    told(rig, "chat")
    (chat, ops) = rows(rig)
    assert (chat["receiver"], ops["receiver"], ops["state"], ops["attempts"]) == ("chat", "ops", "waiting", 0)
    assert (ops["group"], ops["firing"], ops["queued_at"]) == ({"alertname": "Slow"}, 1, "2023-11-14T22:13:20.000Z")
    end = NewNotificationEnd("ops", (("alertname", "Slow"),), 1, "sent", 2, "200 OK")
    rig.app.extensions["analytics"]._recorder.end_notification(end)
    assert [row["receiver"] for row in rows(rig, "?state=waiting")] == ["chat"]
    (sent,) = rows(rig, "?state=sent&receiver=ops")
    assert (sent["attempts"], sent["answer"], sent["ended_at"]) == (2, "200 OK", "2023-11-14T22:13:20.000Z")
    assert rows(rig, "?state=failed") == rows(rig, "?receiver=nobody") == []
    assert len(rows(rig, "?limit=1")) == 1
    assert rig.get("/notifications?state=lost", ADMIN).status_code == 422


def test_only_admins_say_where_messages_go() -> None:
    rig = Rig()
    key = rig.create("read", "ingest")["secret"]
    for method, path in (("PUT", "/receivers/ops"), ("PUT", "/routes"), ("DELETE", "/routes")):
        assert rig.ask(method, path, key, json=HOOK).status_code == 403
    assert rig.ask("POST", "/receivers/ops/test", key).status_code == 403
    assert rig.get("/receivers", key).status_code == 200
    assert DECISIONS["/receivers/<id>/test"] == {"POST": "admin"}


def test_references_to_secrets_are_in_exports_and_no_secret_is(monkeypatch: Any) -> None:
    monkeypatch.setenv("HOOK_SECRET", "s3cret-value")
    rig = Rig()
    rig.ask("PUT", "/receivers/ops", ADMIN, json=HOOK)
    exported = rig.get("/catalog?collection=receivers", ADMIN)
    assert "${HOOK_SECRET}" in exported.text
    assert "s3cret-value" not in exported.text
    change = NewChange("receivers", "ops", {**HOOK, "url": "https://127.0.0.1:1/"}, who="ann")
    rig.app.extensions["analytics"]._recorder.change(change)
    assert "s3cret-value" not in rig.ask("POST", "/receivers/ops/test", ADMIN).text
