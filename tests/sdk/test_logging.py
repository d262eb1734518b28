"""The logging handler: lines with level, logger, exception and trace, and no effect on the program."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from analytics.sdk import AnalyticsClient
from analytics.sdk.logging import Handler
from analytics.sdk.tracing import parse, within
from tests.sdk.conftest import MakeClient
from tests.sdk.unruly import RESET, Unruly

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.getLogger("tests.shop")
    made.setLevel(logging.DEBUG)
    made.propagate = False
    yield made
    made.handlers.clear()


def sent(client: AnalyticsClient, service: Unruly) -> list[dict[str, Any]]:
    assert client.flush(10)
    return list(service.items.values())


def test_a_record_is_a_line(service: Unruly, make_client: MakeClient, logger: logging.Logger) -> None:
    client = make_client()
    logger.addHandler(Handler(client))
    logger.warning("order %s is late", 7, extra={"order": 7, "cause": {"a", "b"} & {"a"}})
    (line,) = sent(client, service)
    assert {name: line[name] for name in ("service", "message", "level", "logger")} == {
        "service": "shop",
        "message": "order 7 is late",
        "level": "WARNING",
        "logger": "tests.shop",
    }
    assert line["attributes"].pop("code.file.path") == __file__
    assert line["attributes"].pop("code.line.number") > 0
    assert line["attributes"] == {"order": 7, "cause": ["a"]}
    assert line["timestamp"].endswith("Z")
    assert "trace_id" not in line


def test_an_exception_is_in_the_text_and_named(
    service: Unruly, make_client: MakeClient, logger: logging.Logger
) -> None:
    client = make_client()
    logger.addHandler(Handler(client, service="other"))
    try:
        raise LookupError("gone")
    except LookupError:
        logger.exception("it failed")
    (line,) = sent(client, service)
    assert line["service"] == "other"
    assert line["message"].startswith("it failed\nTraceback (most recent call last):\n")
    assert line["message"].endswith("LookupError: gone")
    assert line["attributes"]["exception.type"] == "LookupError"
    assert line["attributes"]["exception.message"] == "gone"


def test_a_line_has_the_trace_of_the_running_code(
    service: Unruly, make_client: MakeClient, logger: logging.Logger
) -> None:
    client = make_client()
    logger.addHandler(Handler(client))
    with within(parse(f"00-{TRACE}-{SPAN}-01")):
        logger.info("inside")
    logger.info("instrumented", extra={"otelTraceID": TRACE, "otelSpanID": SPAN})
    logger.info("outside", extra={"otelTraceID": "0", "otelSpanID": "0"})
    lines = sent(client, service)
    assert [(line.get("trace_id"), line.get("span_id")) for line in lines] == [
        (TRACE, SPAN),
        (TRACE, SPAN),
        (None, None),
    ]


@pytest.mark.parametrize(("level", "known_as"), [(35, 13), (1000, 21), (3, 1)])
def test_own_levels_are_sent_as_numbers(
    service: Unruly, make_client: MakeClient, logger: logging.Logger, level: int, known_as: int
) -> None:
    client = make_client()
    logger.addHandler(Handler(client))
    logger.setLevel(1)
    logger.log(level, "own")
    assert [line["level"] for line in sent(client, service)] == [known_as]


def test_a_record_that_cannot_be_formatted_does_not_break_the_program(
    service: Unruly, make_client: MakeClient, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    client = make_client()
    logger.addHandler(Handler(client))
    logger.info("%d", "no number")
    logger.info("x" * 200_000)
    assert [len(line["message"]) for line in sent(client, service)] == [32_000]


def test_lines_survive_a_failure_and_those_of_the_client_itself_are_not_sent(
    service: Unruly, make_client: MakeClient
) -> None:
    client = make_client()
    own = logging.getLogger("analytics.sdk")
    handler = Handler(client)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        service.script = [RESET]
        own.warning("of the client")
        logging.getLogger("tests.root").warning("of the program")
        assert [line["message"] for line in sent(client, service)] == ["of the program"]
    finally:
        root.removeHandler(handler)


def test_a_full_queue_drops_lines_at_once(service: Unruly, make_client: MakeClient, logger: logging.Logger) -> None:
    client = make_client(max_queue=1, flush_seconds=60)
    logger.addHandler(Handler(client))
    for _ in range(3):
        logger.info("line")
    assert client.counts()["dropped"] == 2
