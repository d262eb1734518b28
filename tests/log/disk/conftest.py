"""Fixtures that the tests of the storage share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.log.disk.disk import Disk


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Holds open what a test opens, until its end."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def disk(tmp_path: Path, stack: ExitStack) -> Disk:
    """A service on a directory of its own."""
    return stack.enter_context(Disk(tmp_path / "data"))
