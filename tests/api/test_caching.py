"""Cache-Control: no shared cache keeps what depends on the sender, and none what is about access."""

import pytest

from tests.access.rig import ADMIN, Rig

READS = (
    *("/stats", "/dashboard", "/services", "/events", "/health", "/metrics"),
    *("/export/daily", "/annotations", "/catalog", "/docs"),
)
ABOUT_ACCESS = ("/session", "/sessions", "/keys", "/audit")
PUBLIC = ("/", "/assets/access.js", "/sdk/analytics.js")


@pytest.mark.parametrize("path", [*READS, "/stats?limit=no", "/services/nobody/metrics"])
def test_answers_of_a_locked_service_are_private(path: str) -> None:
    answer = Rig().get(path, ADMIN)
    assert answer.headers.getlist("Cache-Control") == ["private, no-cache"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer any"}, {"X-API-Key": "any"}, {"Cookie": "analytics_session=any"}]
)
def test_answers_of_an_open_service_are_private_for_senders_with_credentials(headers: dict[str, str]) -> None:
    answer = Rig(admin_key="").get("/stats", headers=headers)
    assert answer.headers.get("Cache-Control") == ("private, no-cache" if headers else None)


@pytest.mark.parametrize("admin_key", ["", ADMIN])
def test_answers_about_access_are_never_stored(admin_key: str) -> None:
    rig = Rig(admin_key=admin_key)
    key = admin_key or None
    answers = [rig.get(path, key) for path in ABOUT_ACCESS]
    answers.append(rig.ask("POST", "/tickets", key))
    answers.append(rig.post("/keys", {"name": "a", "scopes": ["admin"]}, key))
    for answer in answers:
        assert answer.headers.getlist("Cache-Control") == ["no-store"], answer.request.path


@pytest.mark.parametrize("path", PUBLIC)
def test_files_say_themselves_how_long_they_may_be_kept(path: str) -> None:
    answer, openly = Rig().get(path, ADMIN), Rig(admin_key="").get(path)
    assert answer.headers["Cache-Control"] == openly.headers["Cache-Control"]
    assert "private" not in answer.headers["Cache-Control"]


def test_polls_of_socketio_are_private() -> None:
    answer = Rig().get("/socket.io/?EIO=4&transport=polling", ADMIN)
    assert (answer.status_code, answer.headers.getlist("Cache-Control")) == (200, ["private, no-cache"])
