"""DuckDB as the store process opens it."""

from pathlib import Path

import pytest

from analytics.store.process.engine import DuckEngine


def test_each_connection_has_the_settings_of_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    connection = DuckEngine(tmp_path, 64 * 2**20, 1).connect()
    names = ("TimeZone", "pandas_analyze_sample", "threads", "allocator_background_threads", "preserve_insertion_order")
    asked = ", ".join(f"current_setting('{name}')" for name in names)
    assert connection.execute(f"SELECT {asked}").fetchall() == [("UTC", 0, 1, True, False)]
