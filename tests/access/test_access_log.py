"""The access log: the level of each status, and which lines are left out of many."""

import logging

import pytest

from analytics.access.access_log import LINES_A_SECOND, STARTED, AccessLog


def log_requests(log: AccessLog, status: str, number: int) -> None:
    for _ in range(number):
        log.end({"REQUEST_METHOD": "GET", "PATH_INFO": "/x", STARTED: 0.0}, status, [])


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "analytics.access")


@pytest.mark.parametrize(
    ("status", "level"),
    [("200 OK", "INFO"), ("404 Not Found", "INFO"), ("503 Service Unavailable", "WARNING"), ("500 Oops", "ERROR")],
)
def test_the_level_follows_the_status(caplog: pytest.LogCaptureFixture, status: str, level: str) -> None:
    log_requests(AccessLog(), status, 1)
    assert [record.levelname for record in caplog.records] == [level]


@pytest.mark.parametrize(
    ("status", "is_limited"), [("200 OK", True), ("503 Service Unavailable", True), ("500 Oops", False)]
)
def test_a_flood_of_one_status_leaves_few_lines_unless_it_is_a_defect(
    caplog: pytest.LogCaptureFixture, status: str, is_limited: bool
) -> None:
    log_requests(AccessLog(), status, 50 * LINES_A_SECOND)
    lines = len(caplog.records)
    assert lines < 25 * LINES_A_SECOND if is_limited else lines == 50 * LINES_A_SECOND
