"""Whatever is sent to any route, with and without a key, the answer is a documented one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import islice
from typing import Any, NamedTuple

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.pytest._test_builder import build_operation_test

from analytics.doors.prometheus.remote_write_door import MEDIA_TYPE
from tests.api.contract import DOCUMENTED, MAX_BATCH, RIGHT, SPEC
from tests.randomness import many, seed
from tests.server import Server

ADMIN = "admin-key-of-these-tests"
KEY = {"Authorization": f"Bearer {ADMIN}"}
MANY = 17_000
"""Requests of each sender: more than 50,000 in all."""
RANDOM = 4 if many(1) == 1 else many(10)
"""Random requests for each operation, beside some hundred that try each bound and each kind of mistake."""
PARTS = 3
"""So many tests send a request to each route, each to its share."""
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
ENDLESS = "/logs/tail"
UNTYPED = {"application/x-www-form-urlencoded", MEDIA_TYPE}
"""Media types of bodies of which no schema says what is wrong."""
schema = schemathesis.openapi.from_dict(
    SPEC,
    config=schemathesis.Config.from_dict(
        {
            "seed": seed(),
            "generation": {"max-examples": RANDOM, "database": "none"},
            "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
        }
    ),
)
ALL = [result.ok() for result in schema.get_all_operations()]
"""All operations of the API."""


class Sender(NamedTuple):
    """Where requests are sent to, with which headers, and how their answers are checked."""

    url: str
    headers: Mapping[str, str]
    checks: Sequence[Any]


@pytest.fixture(scope="module")
def senders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sender]]:
    """With a key; without one where one is needed; and without where none is."""
    common = {"ANALYTICS_MAX_BATCH": str(MAX_BATCH), "ANALYTICS_READ_RATE": "0"}
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        locked = stack.enter_context(Server(folder / "locked.log", {**common, "ANALYTICS_ADMIN_KEY": ADMIN}))
        data = str(folder / "data")  # with a long-term store, which answers questions
        unlocked = stack.enter_context(Server(folder / "open.log", {**common, "ANALYTICS_DATA_DIR": data}))
        yield [Sender(locked.url, KEY, RIGHT), Sender(locked.url, {}, DOCUMENTED), Sender(unlocked.url, {}, RIGHT)]


def test_the_document_is_valid() -> None:
    schema.validate()


@pytest.mark.parametrize("operation", ALL, ids=lambda each: each.label)
def test_every_request_gets_a_documented_answer(operation: schemathesis.APIOperation, senders: list[Sender]) -> None:
    """Like a test by `schema.parametrize()`, which would make all of these requests in each worker that collects it."""

    def check(case: schemathesis.Case) -> None:
        send(case, senders[0])

    run = build_operation_test(
        config=schema.config,
        operation=operation,
        test_func=check,
        given_kwargs={},
        feedback=NO_FEEDBACK,
        explicit_settings=settings(deadline=None, suppress_health_check=list(HealthCheck)),
    )
    run()


@pytest.mark.long
@pytest.mark.parametrize("sender", [0, 1, 2], ids=["with a key", "without a key", "open"])
def test_answers_are_documented_with_and_without_keys(sender: int, senders: list[Sender]) -> None:
    sent = rounds = 0
    while sent < MANY:
        for operation in ALL:
            for mode in MODES:
                if mode is GenerationMode.POSITIVE or not is_never_wrong(operation):
                    sent += send_some(operation, mode, senders[sender], f"{seed()} {rounds}", MANY // 1_000)
        rounds += 1
    assert sent >= MANY


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("sender", [1, 2], ids=["without a key", "open"])
def test_a_request_to_each_route_without_a_key_gets_a_documented_answer(
    sender: int, part: int, senders: list[Sender]
) -> None:
    """A right one to half of the routes, and a wrong one to the others."""
    sent = 0
    for place, operation in islice(enumerate(ALL), part, None, PARTS):
        mode = MODES[0 if is_never_wrong(operation) else (place // PARTS + sender) % 2]
        sent += send_some(operation, mode, senders[sender], str(seed()), 1)
    assert sent > 100 / PARTS


def is_never_wrong(operation: schemathesis.APIOperation) -> bool:
    """Whether there is nothing wrong to send, for which hypothesis would search for seconds."""
    return bool(operation.body) and all(body.media_type in UNTYPED for body in operation.body)


@pytest.mark.long
def test_nothing_wrong_is_found_where_nothing_can_be(senders: list[Sender]) -> None:
    never_wrong = [operation for operation in ALL if is_never_wrong(operation)]
    assert never_wrong
    for operation in never_wrong:
        assert send_some(operation, GenerationMode.NEGATIVE, senders[0], str(seed()), 1) == 0, operation.label


def send_some(operation: schemathesis.APIOperation, mode: GenerationMode, sender: Sender, drawn: str, most: int) -> int:
    """Send up to `most` requests, fewer where there are no more that differ; returns how many."""
    sent = 0

    @hypothesis.seed(drawn)
    @settings(max_examples=most, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @hypothesis.given(operation.as_strategy(mode))
    def run(case: schemathesis.Case) -> None:
        nonlocal sent
        hypothesis.assume(not locks(case))
        send(case, sender)
        sent += 1

    with suppress(Unsatisfiable):  # nothing can be wrong where there is nothing to send
        run()
    return sent


def locks(case: schemathesis.Case) -> bool:
    """Whether a request creates an admin key, after which an open server needs one."""
    return case.path == "/keys" and isinstance(case.body, dict) and "admin" in (case.body.get("scopes") or ())


def send(case: schemathesis.Case, sender: Sender) -> None:
    """Send a request, and check its answer."""
    if case.path == ENDLESS:
        case.validate_response(beginning(case, sender), checks=[*sender.checks], headers=dict(sender.headers))
        return
    case.call_and_validate(base_url=sender.url, headers=dict(sender.headers), checks=[*sender.checks], timeout=20)


def beginning(case: schemathesis.Case, sender: Sender) -> schemathesis.Response:
    """The answer of a route that streams without an end: schemathesis would read each for as long as it waits."""
    asked = case.as_transport_kwargs(base_url=sender.url, headers=dict(sender.headers))
    with requests.request(**asked, stream=True, timeout=20) as answer:
        is_stream = answer.headers.get("Content-Type", "").startswith("text/event-stream")
        return schemathesis.Response(
            status_code=answer.status_code,
            headers={name: answer.raw.headers.getlist(name) for name in answer.raw.headers},
            content=next(answer.iter_content(None)) if is_stream else answer.content,
            request=answer.request,
            elapsed=answer.elapsed.total_seconds(),
            verify=True,
            encoding=answer.encoding,
            stream_cut_short=is_stream,
        )
