"""Compressed bodies: accepted and malformed ones, and bombs."""

import gzip
import zlib
from collections.abc import Callable

import pytest
import zstandard

from tests.edge.bodies import BATCH, LINES, MIB, counts, encoded, event, receipt
from tests.edge.wire import check_problem, check_still_works, counted, cpu_seconds, post, resident_mib, worker_pid
from tests.server import Server


@pytest.mark.parametrize(
    ("body", "media_type", "accepted"),
    [
        (gzip.compress(BATCH), "application/json", 2),
        (gzip.compress(BATCH[:20]) + gzip.compress(BATCH[20:]), "application/json", 2),
        (gzip.compress(encoded(event("zip")) + b"\n") * 3, LINES, 3),
        (gzip.compress(b"") + gzip.compress(BATCH), "application/json", 2),
    ],
    ids=["one member", "two members", "members as lines", "an empty member first"],
)
def test_gzip_bodies_are_accepted(shared_server: Server, body: bytes, media_type: str, accepted: int) -> None:
    with counted(shared_server, accepted=accepted):
        assert counts(post(shared_server, "/events", body, media_type, Content_Encoding="gzip")) == receipt(accepted)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("deflate", zlib.compress(BATCH)),
        ("deflate", zlib.compress(BATCH, wbits=-15)),
        ("zstd", zstandard.compress(BATCH)),
        ("zstd", zstandard.compress(BATCH[:20]) + zstandard.compress(BATCH[20:])),
        ("ZSTD", zstandard.compress(BATCH)),
    ],
    ids=["zlib", "raw deflate", "one frame", "two frames", "in upper case"],
)
def test_deflate_and_zstd_bodies_are_accepted(shared_server: Server, encoding: str, body: bytes) -> None:
    with counted(shared_server, accepted=2):
        answer = post(shared_server, "/events", body, Content_Encoding=encoding)
    assert counts(answer) == receipt(2)
    with counted(shared_server, "heartbeats", drops={f"malformed_{encoding.lower()}": 1}):
        check_problem(post(shared_server, "/heartbeat", body[:-1], Content_Encoding=encoding), 400)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (gzip.compress(BATCH)[:-9], "malformed_gzip"),
        (gzip.compress(BATCH)[:-4], "malformed_gzip"),
        (gzip.compress(BATCH)[:12], "malformed_gzip"),
        (BATCH, "malformed_gzip"),
        (zlib.compress(BATCH), "malformed_gzip"),
        (gzip.compress(BATCH) + b"x", "malformed_gzip"),
        (gzip.compress(BATCH)[:-8] + bytes(8), "malformed_gzip"),
        (gzip.compress(b""), "empty_body"),
        (gzip.compress(gzip.compress(BATCH)), "malformed_json"),
    ],
    ids=["cut", "cut sum", "head only", "plain", "zlib", "text behind", "wrong sum", "of nothing", "twice"],
)
def test_bad_gzip_is_400(shared_server: Server, body: bytes, code: str) -> None:
    with counted(shared_server, drops={code: 1}):
        check_problem(post(shared_server, "/events", body, Content_Encoding="gzip"), 400, code)
    check_still_works(shared_server)


def bomb(packer: "zlib._Compress | zstandard.ZstdCompressionObj") -> bytes:
    """128 MiB of spaces; compressed, 128 KiB with zlib and 4 KiB with zstd."""
    return b"".join([*(packer.compress(b" " * (16 * MIB)) for _ in range(8)), packer.flush()])


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: bomb(zlib.compressobj(9, wbits=31)),
    "deflate": lambda: bomb(zlib.compressobj(9)),
    "zstd": lambda: bomb(zstandard.ZstdCompressor(19).compressobj()),
}


@pytest.mark.parametrize(("encoding", "members"), [("gzip", 1), ("gzip", 3), ("deflate", 1), ("zstd", 1), ("zstd", 3)])
def test_a_bomb_is_a_413_at_once_and_in_little_memory(shared_server: Server, encoding: str, members: int) -> None:
    body = BOMBS[encoding]() * members
    pid = worker_pid(shared_server)
    before, peak, worked = resident_mib(pid), resident_mib(pid, "VmHWM"), cpu_seconds(pid)
    with counted(shared_server, drops={"body_too_large": 3}):
        for _ in range(3):
            answer = post(shared_server, "/events", body, LINES, Content_Encoding=encoding)
            check_problem(answer, 413, "body_too_large")
    assert cpu_seconds(pid) - worked < 3
    assert resident_mib(pid) - before < 48
    assert resident_mib(pid, "VmHWM") < max(before + 96, peak + 1), "earlier tests may have raised the peak"
    check_still_works(shared_server)


def test_a_bomb_of_many_small_members_is_a_413_too(shared_server: Server) -> None:
    members = gzip.compress(b" " * MIB) * 11
    with counted(shared_server, drops={"body_too_large": 1}):
        check_problem(post(shared_server, "/events", members, Content_Encoding="gzip"), 413, "body_too_large")


def test_many_gzip_members_do_not_block_the_server(shared_server: Server) -> None:
    """Copying the rest after each member would take seconds for 100,000 members, and many minutes for 10 MiB."""
    crowd = gzip.compress(b"") * 100_000
    pid = worker_pid(shared_server)
    worked = cpu_seconds(pid)
    answer = post(shared_server, "/events", crowd, Content_Encoding="gzip")
    assert cpu_seconds(pid) - worked < 1.5
    check_problem(answer, 400)
    check_still_works(shared_server)
