"""Sequence numbers of events: none is reused after SIGKILL in `relaxed`, or after a backup was restored."""

from pathlib import Path

from tests.edge.frames import Live, is_event
from tests.edge.mortal import Mortal
from tests.edge.test_backup_process import command
from tests.server import GUNICORN, Server


def send(server: Server, service: str) -> list[int]:
    """Send two events; returns the numbers that a live client gets for them."""
    with Live(server, f"events=sale&service={service}") as live:
        live.next()
        assert server.post("/events", [{"type": "sale", "service": service}] * 2).json()["accepted"] == 2
        return [live.until(is_event("sale"))[-1]["seq"] for _ in range(2)]


def resumed(server: Server, service: str, since: int) -> tuple[list[int], bool]:
    """The numbers that a client gets when it reconnects with `since`, and whether it gets `gap`."""
    with Live(server, f"events=sale&service={service}&since={since}") as live:
        messages = live.until(lambda message: message["type"] == "snapshot")
    return [message["seq"] for message in messages[:-1]], "gap" in messages[-1]


def test_numbers_of_lost_events_are_not_reused(tmp_path: Path) -> None:
    server = Mortal(tmp_path / "log", tmp_path / "data", GUNICORN, ANALYTICS_DURABILITY="relaxed")
    given: list[int] = []
    with server.running():
        for life in range(9):
            before = send(server, f"life{life}")
            assert min(before) > max(given, default=0)
            given += before
            server.begin_again()
            if not server.get(f"/events?service=life{life}")["count"]:
                break
        else:
            raise AssertionError("no kill lost anything")
        assert resumed(server, "after", given[-1]) == ([], False)
        after = send(server, "after")
        assert min(after) > max(given)
        assert resumed(server, "after", given[-1]) == (after, False)


def test_a_number_that_a_backup_does_not_know_does_not_come_again(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.db"
    with Server(tmp_path / "log", {"ANALYTICS_DATA_DIR": str(data)}) as server:
        known = send(server, "shop")
        assert command("backup", backup, data_dir=data).returncode == 0
        unknown = send(server, "shop")
    assert command("restore", "--force", backup, data_dir=data).returncode == 0
    with Server(tmp_path / "log", {"ANALYTICS_DATA_DIR": str(data)}) as server:
        after = send(server, "shop")
        assert min(after) > max(unknown)
        assert resumed(server, "shop", known[0]) == ([known[1], *after], False)
        assert resumed(server, "shop", unknown[1]) == (after, False)
