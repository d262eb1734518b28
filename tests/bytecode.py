"""Pytest plugin: processes that tests start load compiled modules, instead of compiling hundreds of them at each start.

Without it, PYTHONDONTWRITEBYTECODE, which images set, would cost each server of a test half a second of CPU time.
"""

import os
import shutil
import tempfile

import pytest

FOLDER = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Name a folder of this run in the environment, before pytest-xdist starts its workers, which share it."""
    if hasattr(config, "workerinput"):
        return
    config.stash[FOLDER] = os.environ["PYTHONPYCACHEPREFIX"] = tempfile.mkdtemp(prefix="bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder."""
    if FOLDER in config.stash:
        shutil.rmtree(config.stash[FOLDER], ignore_errors=True)
