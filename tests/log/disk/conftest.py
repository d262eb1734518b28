"""Fixtures for the tests of the log on disk."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.log.disk.disk import Disk


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes at the end of a test what it opened."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def disk(tmp_path: Path, stack: ExitStack) -> Disk:
    """A service with a new data directory."""
    return stack.enter_context(Disk(tmp_path / "data"))
