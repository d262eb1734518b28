"""DuckDB as the store process opens it."""

import sys
from pathlib import Path

import pytest

from analytics.store.process.engine import LIBRARY, DuckEngine


def test_each_connection_has_the_settings_of_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    connection = DuckEngine(tmp_path, 64 * 2**20, 1).connect()
    names = ["TimeZone", "pandas_analyze_sample", "threads", "async_threads"]
    names += ["allocator_background_threads", "preserve_insertion_order"]
    asked = ", ".join(f"current_setting('{name}')" for name in names)
    assert connection.execute(f"SELECT {asked}").fetchall() == [("UTC", 0, 1, 0, True, False)]


def resident_code() -> int:
    """Kilobytes of DuckDB's code that are in memory."""
    found, is_code = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        fields = line.split()
        if not fields[0].endswith(":"):
            is_code = fields[1] == "r-xp" and LIBRARY in fields[-1]
        elif is_code and fields[0] == "Rss:":
            found += int(fields[1])
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_at_rest_code_is_not_in_memory_and_questions_are_answered_as_before(tmp_path: Path) -> None:
    engine = DuckEngine(tmp_path, 64 * 2**20, 1)
    connection = engine.connect()
    asked = "SELECT count(DISTINCT range % 7), sum(range) FROM range(1000)"
    before = connection.execute(asked).fetchall()
    used = resident_code()
    assert engine.is_used
    assert not engine.is_resting
    engine.trim()
    engine.rest()
    assert not engine.is_used
    assert engine.is_resting
    assert resident_code() < used / 4
    assert connection.execute(asked).fetchall() == before
    engine.connect()
    assert not engine.is_resting


def test_what_a_long_question_leaves_is_returned_after_its_end(tmp_path: Path) -> None:
    engine = DuckEngine(tmp_path, 64 * 2**20, 1)
    with engine.lend() as connection:
        engine.trim()
        assert engine.is_used, "so that nothing rests under it"
        connection.execute("SELECT 1")
        engine.trim()
    assert engine.is_used
    engine.trim()
    assert not engine.is_used
    with pytest.raises(Exception, match="closed"):
        connection.execute("SELECT 1")
