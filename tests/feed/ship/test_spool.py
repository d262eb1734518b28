"""Standard input on disk: its limit, and what the next run finds."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from analytics.feed.ship.spool import Spool
from analytics.feed.ship.tail import FileTail


def until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def open_tail(path: Path) -> FileTail:
    return FileTail(open(path, "rb", buffering=0), path, "first", 0)


def read_all(tail: FileTail) -> list[bytes]:
    lines = tail.read(10_000)
    for line in lines:
        tail.acknowledge(line.token, line.end)
    return [line.raw for line in lines]


def pipe(data: bytes) -> BinaryIO:
    """A pipe that has `data` and then its end."""
    reading, writing = os.pipe()

    def fill() -> None:
        with open(writing, "wb", buffering=0) as file:
            file.write(data)

    threading.Thread(target=fill).start()
    return open(reading, "rb", buffering=0)


def test_a_full_spool_waits_until_all_is_sent_and_loses_nothing(tmp_path: Path) -> None:
    written = [b"line %d %s" % (n, b"x" * 1000) for n in range(500)]
    path, saved = tmp_path / "spool", list[int]()
    with pipe(b"\n".join(written)) as source:
        spool = Spool(path, source, most=100_000)
        tail = open_tail(path)
        spool.start()
        until(lambda: spool.is_full)
        assert path.stat().st_size < 200_000
        received = list[bytes]()
        tokens = iter(map(str, range(1000)))

        def drain() -> bool:
            received.extend(read_all(tail))
            spool.trim(tail, next(tokens), lambda: saved.append(tail.acknowledged.offset))
            return spool.is_ended and spool.size == 0

        until(drain)
        assert received == written
        assert saved
        assert set(saved) == {0}
        assert path.stat().st_size == 0
        tail.close()
        spool.close()


def test_what_an_earlier_run_left_is_kept_and_its_last_line_ended(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    path.write_bytes(b"whole\npart")
    with pipe(b"new") as source:
        spool = Spool(path, source, most=100_000)
        spool.start()
        until(lambda: spool.is_ended)
        tail = open_tail(path)
        assert read_all(tail) == [b"whole", b"part", b"new"]
        tail.close()
        spool.close()
