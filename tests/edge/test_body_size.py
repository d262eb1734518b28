"""Limits of bodies: larger ones are a 413, and need little memory."""

import gzip
from collections.abc import Callable, Iterator

import pytest

from tests.edge.bodies import JSON, LINES, counts, encoded, event, receipt
from tests.edge.wire import (
    BODY_LIMIT,
    check_problem,
    check_still_works,
    chunked,
    counted,
    exchange,
    head,
    post,
    resident_mib,
    worker_pid,
)
from tests.server import Server

EXACTLY = encoded([event("exact", data={"text": "x"})])
AT_LIMIT = EXACTLY + b" " * (BODY_LIMIT - len(EXACTLY))


def with_length(server: Server, body: bytes, *headers: str) -> list[bytes]:
    return [head(server, "/events", JSON, f"Content-Length: {len(body)}", *headers), body]


def in_chunks(server: Server, body: bytes, *headers: str) -> list[bytes]:
    return [head(server, "/events", JSON, "Transfer-Encoding: chunked", *headers), *chunked(body)]


@pytest.mark.parametrize("framing", [with_length, in_chunks])
def test_a_body_at_the_limit_is_accepted_and_a_larger_one_is_a_413(
    shared_server: Server, framing: Callable[[Server, bytes], list[bytes]]
) -> None:
    with counted(shared_server, accepted=1):
        assert exchange(shared_server, *framing(shared_server, AT_LIMIT)).status == 200
    with counted(shared_server, drops={"body_too_large": 1}):
        check_problem(exchange(shared_server, *framing(shared_server, AT_LIMIT + b" ")), 413, "body_too_large")
    check_still_works(shared_server)


def test_a_gzip_body_at_the_limit_is_accepted_and_a_larger_one_is_a_413(shared_server: Server) -> None:
    with counted(shared_server, accepted=1, drops={"body_too_large": 1}):
        assert post(shared_server, "/events", gzip.compress(AT_LIMIT), Content_Encoding="gzip").status_code == 200
        too_large = post(shared_server, "/events", gzip.compress(AT_LIMIT + b" "), Content_Encoding="gzip")
        check_problem(too_large, 413, "body_too_large")


def test_a_length_above_the_limit_is_refused_before_the_body_is_sent(shared_server: Server) -> None:
    with counted(shared_server, drops={"body_too_large": 1}):
        answer = exchange(shared_server, head(shared_server, "/events", JSON, f"Content-Length: {2**40}"), b"[")
        check_problem(answer, 413, "body_too_large")


def test_endless_chunks_are_a_413_in_little_memory(shared_server: Server) -> None:
    pid = worker_pid(shared_server)
    before = resident_mib(pid)
    part = b"10000\r\n%b\r\n" % (b" " * 65536)
    with counted(shared_server, drops={"body_too_large": 1}):
        lines = head(shared_server, "/events", JSON, "Transfer-Encoding: chunked")
        check_problem(exchange(shared_server, lines, *[part] * 1000), 413, "body_too_large")
    assert resident_mib(pid) - before < 48


@pytest.mark.parametrize("items", [10_000, 10_001])
@pytest.mark.parametrize("media_type", ["application/json", LINES])
def test_a_batch_may_have_ten_thousand_items(shared_server: Server, items: int, media_type: str) -> None:
    one = encoded(event("many"))
    body = b"\n".join([one] * items) if media_type == LINES else b"[" + b",".join([one] * items) + b"]"
    if items == 10_000:
        with counted(shared_server, accepted=items):
            assert counts(post(shared_server, "/events", body, media_type)) == receipt(items)
    else:
        with counted(shared_server, drops={"batch_too_large": 1}):
            problem = check_problem(post(shared_server, "/events", body, media_type), 413, "batch_too_large")
        assert media_type == LINES or "10001" in problem["message"], "lines are counted up to the limit"
        assert "10000" in problem["message"]


def test_too_many_bad_items_are_a_413_too(shared_server: Server) -> None:
    with counted(shared_server, drops={"batch_too_large": 1}):
        check_problem(post(shared_server, "/events", b"[" + b"0," * 10_000 + b"0]"), 413, "batch_too_large")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with small limits."""
    limits = {"ANALYTICS_MAX_BODY": "2048", "ANALYTICS_MAX_BATCH": "3"}
    with Server(tmp_path_factory.mktemp("strict") / "server.log", limits) as server:
        yield server


def test_limits_are_settings(strict: Server) -> None:
    with counted(strict, accepted=3, drops={"batch_too_large": 1, "body_too_large": 2}):
        assert counts(strict.post("/events", [event("s")] * 3)) == receipt(3)
        check_problem(strict.post("/events", [event("s")] * 4), 413, "batch_too_large")
        check_problem(post(strict, "/events", b" " * 2049), 413, "body_too_large")
        check_problem(post(strict, "/events", gzip.compress(b" " * 2049), Content_Encoding="gzip"), 413)
