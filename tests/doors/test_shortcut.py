"""The shortcut past Flask: it answers like Flask's views, also in case of an error."""

import logging
import re

import pytest
from flask.testing import FlaskClient

from analytics.config import Settings
from analytics.doors.shortcut import Shortcut
from analytics.factory import create_app
from tests.fakes import FakeClock

EVENT = '{"type":"purchase","service":"checkout"}'
METRIC = '{"name":"queue","value":3}'
HEARTBEAT = '{"service":"checkout","status":"healthy"}'
JSON = "application/json"
OWN_ID = re.compile(r'"id":"[0-9a-f]{10}-[0-9a-f]+-\d+-\d+"')


def client() -> FlaskClient:
    return create_app(Settings(data_dir=""), FakeClock()).test_client()


@pytest.mark.parametrize(
    ("path", "media_type", "body"),
    [
        ("/events", JSON, EVENT),
        ("/events", "text/plain", EVENT),
        ("/events", JSON, f'[{EVENT},{{"type":1}}]'),
        ("/events", JSON, f'{{"events":[{EVENT}]}}'),
        ("/events", "application/x-ndjson", f"{EVENT}\n{EVENT}"),
        ("/events", JSON, '[{"type":1}]'),
        ("/events", JSON, '{"type":"purchase"}'),
        ("/events", JSON, "{"),
        ("/events", JSON, ""),
        ("/events", "text/html", EVENT),
        ("/metrics", JSON, METRIC),
        ("/metrics", JSON, f'{{"metrics":[{METRIC}]}}'),
        ("/metrics", JSON, '{"name":"requests","value":-1}'),
        ("/metrics", JSON, "[]"),
        ("/heartbeat", JSON, HEARTBEAT),
        ("/heartbeat", JSON, '{"service":"checkout","status":"great"}'),
        ("/heartbeat", "application/x-ndjson", HEARTBEAT),
    ],
)
def test_shortcut_and_view_give_the_same_answer(path: str, media_type: str, body: str) -> None:
    short, long = (client().post(way, data=body, content_type=media_type) for way in (path, path + "/"))
    assert (short.status_code, dict(short.headers)) == (long.status_code, dict(long.headers))
    assert OWN_ID.sub("", short.text) == OWN_ID.sub("", long.text)


def test_shortcut_and_view_know_the_same_ids() -> None:
    visitor, event = client(), {"type": "purchase", "service": "checkout", "id": "order-1"}
    assert visitor.post("/events", json=event).status_code == 201
    assert visitor.post("/events/", json=event).status_code == 200


def test_the_shortcut_is_taken_only_for_posts_to_its_paths() -> None:
    visitor = client()
    assert visitor.get("/events").status_code == 200
    assert visitor.post("/heartbeat/checkout").status_code == 200


def test_an_unexpected_error_is_logged_and_answered_500(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("out of luck")

    app = create_app(Settings(data_dir=""), FakeClock())
    app.wsgi_app = Shortcut(app.wsgi_app, {"/events": fail})  # type: ignore[dict-item,method-assign]
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().post("/events", data=EVENT)
    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["error"]["code"] == "internal_error"
    assert "out of luck" in caplog.text
