"""A server shared by workers: one of them starts it, and it stops after its last user."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.server import Server
from tests.sharing import at, shared


class Fake:
    """Counts how often a server is started and stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.started, self.stopped = folder, 0, 0

    @contextmanager
    def start(self) -> Iterator[Server]:
        self.started += 1
        yield at(8_000 + self.started, self.folder / "log")
        self.stopped += 1


def test_users_share_a_server_that_stops_after_the_last_of_them(tmp_path: Path) -> None:
    fake = Fake(tmp_path)
    first, second = shared(tmp_path, fake.start), shared(tmp_path, fake.start)
    assert (first.__enter__().url, second.__enter__().url) == ("http://127.0.0.1:8001",) * 2
    leaving = threading.Thread(target=first.__exit__, args=(None, None, None))
    leaving.start()
    leaving.join(0.2)
    assert (leaving.is_alive(), fake.started, fake.stopped) == (True, 1, 0)
    second.__exit__(None, None, None)
    leaving.join(20)
    assert (leaving.is_alive(), fake.started, fake.stopped) == (False, 1, 1)
    with shared(tmp_path, fake.start) as later:
        assert later.port == 8_002
    assert fake.stopped == 2


def test_a_start_that_fails_is_tried_again_by_the_next_user(tmp_path: Path) -> None:
    def fail() -> Server:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"), shared(tmp_path, fail):
        pass
    fake = Fake(tmp_path)
    with shared(tmp_path, fake.start) as server:
        assert server.port == 8_001
    assert fake.stopped == 1
