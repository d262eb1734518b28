"""A short test of the whole service."""

from tests.server import Server


def test_a_read_after_a_write_shows_it(shared_server: Server) -> None:
    answer = shared_server.post("/events", {"type": "smoke", "service": "smoke", "user_id": "u"})
    assert answer.status_code == 201
    events = shared_server.get("/events?service=smoke")["events"]
    assert [event["type"] for event in events] == ["smoke"]
