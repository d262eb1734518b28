"""Pytest plugin: tests and the processes that they start keep compiled modules instead of compiling at each start.

Without it, PYTHONDONTWRITEBYTECODE, which images set, would cost each server of a test half a second of CPU time, and
each worker of pytest-xdist 13 seconds.
"""

import os
import sys

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Let compiled modules be written, also by the workers of pytest-xdist, which start after this."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
