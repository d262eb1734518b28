"""A new database begins empty, whatever lies beside where it is made."""

import shutil
from pathlib import Path

from analytics.storage.database import Database
from tests.storage import made


def test_the_log_of_a_database_that_was_moved_away_is_not_applied(tmp_path: Path) -> None:
    (tmp_path / "running").mkdir()
    owner = made.database(tmp_path / "running" / "analytics.db", range(1, 100), image_at=0)
    owner.tidy()
    owner.append([made.row(seq) for seq in range(100, 200)])
    shutil.copytree(tmp_path / "running", tmp_path / "data")
    owner.close()
    moved, path = tmp_path / "moved.db", tmp_path / "data" / "analytics.db"
    path.rename(moved)
    fresh = Database(path, sync=False)
    assert fresh.last_seq() == 0
    fresh.close()
    (tmp_path / "data" / "analytics.db-wal.orphan-1").rename(tmp_path / "moved.db-wal")
    assert made.seqs(moved) == list(range(1, 200))
