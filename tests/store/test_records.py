"""Log lines and spans in the long-term store."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import gevent
import msgspec
import pytest
from msgspec import Raw

from analytics.errors import AnalyticsError, ClientLeft
from analytics.kinds import LOGS, SPANS
from analytics.log_lines import NewLogLine
from analytics.query.reader import Reader
from analytics.query.records.memory import MemoryRecords
from analytics.query.records.source import LINE_COLUMNS, SPAN_COLUMNS, RecordQuery
from analytics.spans import NewSpan
from analytics.store.client.records import StoredRecords
from analytics.store.files.copying import backup_folder, copy_store, describe, restore_store
from analytics.store.files.layout import store_folder
from analytics.store.files.manifest import MANIFEST_NAME, Manifest
from analytics.threads import Threads
from tests.fakes import FakeClock
from tests.state.rig import batch, event
from tests.store.mortal import MORTAL
from tests.store.rig import Keeping

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
HASTY = {"seconds": 0.05, "records": 200}
LIMITS = {"logs_ring": 1_000_000, "spans_ring": 1_000_000}
COLUMNS = {"logs": LINE_COLUMNS, "spans": SPAN_COLUMNS}
WORDS = [
    "paid",
    "\u212aelvin \u0130stanbul",
    "Käufer Σίσυφος",
    "failed: timeout",
    "a\nb",
    "nul \0 end",
    "",
    "😀",
    "%_",
    "'\"\\",
]
SERVICES = ["shop", "api", "cart"]


class Records:
    """Makes random log lines and spans."""

    def __init__(self, dice: random.Random, now: int) -> None:
        self._dice, self._now = dice, now

    def _time(self) -> int:
        return self._now - self._dice.randrange(3 * DAY)

    def _object(self) -> Raw:
        dice = self._dice
        values = [1, -5, 2.5, True, None, "text", 'a\n"é"', [1, "x"], {"k": [2]}, 10**30]
        return Raw(msgspec.json.encode({dice.choice(["http.route", "a/b", "~", "", "é"]): dice.choice(values)}))

    def _hex(self, digits: int, many: int) -> str:
        return f"{self._dice.randrange(many) * 7 + 1:0{digits}x}"

    def line(self) -> NewLogLine:
        dice = self._dice
        return NewLogLine(
            dice.choice(SERVICES),
            dice.choice(WORDS),
            dice.choice([None, self._time()]),
            dice.randrange(25),
            dice.choice(["", "INFO"]),
            dice.choice(["", self._hex(32, 20)]),
            dice.choice(["", self._hex(16, 20)]),
            self._object(),
            self._object(),
            dice.choice(["", "logger"]),
            dice.choice([None, None, f"own-{dice.randrange(50)}"]),
        )

    def span(self) -> NewSpan:
        dice, start = self._dice, self._time()
        return NewSpan(
            self._hex(32, 20),
            self._hex(16, 1_000),
            dice.choice(SERVICES),
            dice.choice(WORDS),
            start,
            start + dice.randrange(-SECOND, 5 * SECOND),
            dice.choice(["", self._hex(16, 1_000)]),
            dice.randrange(6),
            dice.randrange(3),
            dice.choice(["", "bad"]),
            dice.choice(["", "/cart"]),
            dice.choice([None, "anna"]),
            self._object(),
            self._object(),
            dice.choice([Raw(b"[]"), Raw(b'[{"time":1,"name":"e"}]')]),
            Raw(b"[]"),
            dice.choice(["", "lib"]),
            dice.choice(["", "a=b"]),
        )


class Recording(Keeping):
    """A service with a store, whose records of both kinds are asked for in the store and in memory."""

    def __init__(self, path: Path, **more: Any) -> None:
        super().__init__(path, **{"options": HASTY, **LIMITS, **more})
        threads = Threads()
        reader = Reader(self.state, self.clock, threads.in_loop)
        self.memory = MemoryRecords(reader, threads, FakeClock(0.0).monotonic)
        self.stored_records = StoredRecords(self.client)

    def record(self, *records: NewLogLine | NewSpan) -> None:
        self.recorder.record_batch(LOGS if isinstance(records[0], NewLogLine) else SPANS, batch(*records))

    def fill(self, dice: random.Random, batches: int) -> None:
        """Record random batches of both kinds."""
        made = Records(dice, int(self.clock.wall()) * SECOND)
        for _ in range(batches):
            make = dice.choice([made.line, made.span])
            self.record(*(make() for _ in range(dice.randint(1, 20))))

    def both(self, kind: str, statement: str, *parameters: Any, **span: Any) -> tuple[Any, Any]:
        """The answers of memory and store."""
        query = RecordQuery(kind, statement, parameters, **span)
        return self.memory.ask(query), self.stored(query)

    def stored(self, query: RecordQuery) -> Any:  # type: ignore[override]
        self.until(self.client._ready.is_set)
        return self.stored_records.ask(query)

    def check(self) -> None:
        """Check that the store has the records of memory, each once, as they were, in the same order."""
        for kind, columns in COLUMNS.items():
            expected, found = self.both(kind, f"SELECT {', '.join(columns[1:])} FROM records ORDER BY seq")
            assert found == expected
            assert len(found) == len(self.state.rings[kind]) - self.state.rings[kind].erased
            assert self.seqs(kind) == sorted(set(self.seqs(kind)))

    def seqs(self, kind: str) -> list[int]:
        """The numbers of the stored records, in the order in which memory has them."""
        return [seq for (seq,) in self.stored(RecordQuery(kind, "SELECT seq FROM records ORDER BY received, seq"))]

    def flushed(self) -> None:
        """Wait until all records are in files."""
        self.until(lambda: self.client.status.upto >= self.log.position)

    def files(self) -> list[Path]:
        return sorted(each for kind in COLUMNS for each in store_folder(self.path).glob(f"{kind}/*/*.parquet"))


def test_memory_and_store_answer_alike_in_tail_and_files(tmp_path: Path, dice: random.Random) -> None:
    questions = [
        "SELECT service, min(seq) < max(seq), sum(whole({time}, 60000000000)) FROM records GROUP BY 1 ORDER BY 1",
        "SELECT json_text(attributes, 'http.route') AS a, json_text(resource, 'a/b') AS b FROM records ORDER BY seq",
        "SELECT json_text(attributes, '~') AS a, json_text(attributes, '') AS b, json_text(attributes, 'é') AS c"
        " FROM records ORDER BY seq",
        "SELECT {text} FROM records WHERE has_text({text}, 'σίσυφοΣ') OR has_text({text}, 'FAILED') ORDER BY seq",
        "SELECT has_text({text}, 'kelvin i'), has_text({text}, 'K'), has_text({text}, 'I'), has_text({text}, '')"
        " FROM records ORDER BY seq",
        "SELECT {text} FROM records WHERE regexp_matches({text}, '(?i)TIME.ut|^a.b$') ORDER BY seq",
        "SELECT round(percentile(whole({time}, 1000000000), 0.9), 3), has_text('a', 'A') FROM records",
        "WITH found AS (SELECT * FROM records WHERE service = 'shop') SELECT count(*) FROM found",
        "SELECT {text} FROM records WHERE {text} LIKE 'p%' AND NOT ({text} LIKE 'P%') ORDER BY seq LIMIT 5",
    ]
    with Recording(tmp_path / "data", options={"seconds": 3600.0, "records": 60}) as disk:
        disk.fill(dice, 12)
        disk.check()
        now = int(disk.clock.wall()) * SECOND
        for kind, names in {
            "logs": {"time": "time", "text": "body"},
            "spans": {"time": "start_time", "text": "name"},
        }.items():
            for question in questions:
                expected, found = disk.both(kind, question.format(**names))
                assert found == expected, question
            since, until = now - 2 * DAY, now - DAY // 2
            for wanted, condition in (
                ({"since": since, "until": until}, f"{names['time']} >= {since} AND {names['time']} < {until}"),
                ({"services": {"api", "cart"}}, "service IN ('api', 'cart')"),
                ({"trace_ids": [f"{8:032x}"]}, f"trace_id = '{8:032x}'"),
                ({"trace_ids": {f"{8:032x}", f"{15:032x}"}}, f"trace_id IN ('{8:032x}', '{15:032x}')"),
                ({"services": ()}, "false"),
            ):
                where = f"SELECT {names['text']}, service FROM records WHERE {condition} ORDER BY seq"
                expected, found = disk.both(kind, where, **wanted)
                assert found == expected, wanted


def test_parts_that_are_not_asked_for_are_left_out(tmp_path: Path) -> None:
    with Recording(tmp_path / "data") as disk:
        now = int(disk.clock.wall()) * SECOND
        disk.record(NewLogLine("shop", "old", now - DAY), NewLogLine("api", "new", now, trace_id="a" * 32))
        disk.flushed()
        statement = "SELECT body FROM records ORDER BY seq"
        assert disk.stored(RecordQuery("logs", statement, since=now)) == [["new"]]
        assert disk.stored(RecordQuery("logs", statement, until=now)) == [["old"]]
        assert disk.stored(RecordQuery("logs", statement, services=["shop"])) == [["old"]]
        assert disk.stored(RecordQuery("logs", statement, trace_ids=["a" * 32])) == [["new"]]
        assert disk.stored(RecordQuery("logs", statement, trace_ids=["b" * 32])) == []


def test_records_are_in_sorted_files_by_day_and_kind_and_there_after_a_restart(
    tmp_path: Path, dice: random.Random
) -> None:
    with Recording(tmp_path / "data") as disk:
        disk.fill(dice, 20)
        disk.flushed()
        disk.check()
        days = {file.parent.name for file in disk.files()}
        assert len(days) >= 3
        before = {kind: disk.seqs(kind) for kind in COLUMNS}
        disk.replace_child()
        disk.fill(dice, 5)
        disk.check()
        for kind, seqs in before.items():
            assert disk.seqs(kind)[: len(seqs)] == seqs, "numbers stay"
    with Recording(tmp_path / "data") as disk:
        disk.check()


@pytest.mark.parametrize(
    "point", ["before freezing", "after freezing", "after a rename", "before the manifest", "inside of the manifest",
              "after the manifest", "after the manifest of a merge", "after showing"]
)  # fmt: skip
def test_each_record_is_stored_once_across_kills_at_a_point(tmp_path: Path, dice: random.Random, point: str) -> None:
    with Recording(tmp_path / "data") as disk:
        for count in (1, 3):
            disk.client._command = (*MORTAL, point, str(count))
            disk.replace_child()
            child = disk.client._child
            with gevent.Timeout(1.0, exception=False):  # it may not come so often to that point
                while disk.client._child is child:
                    disk.fill(dice, 3)
                    gevent.sleep(0.05)
        disk.client._command = MORTAL
        disk.replace_child()
        disk.check()
        disk.flushed()
        disk.check()


def test_long_and_large_questions_are_refused_and_cancelled(tmp_path: Path) -> None:
    with Recording(tmp_path / "data") as disk:
        endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range % 5"
        with pytest.raises(AnalyticsError, match="longer than") as slow:
            disk.stored(RecordQuery("logs", endless, seconds=0.2))
        assert (slow.value.status, slow.value.code) == (503, "query_timeout")
        with pytest.raises(AnalyticsError, match="64 MiB") as large:
            disk.stored(RecordQuery("spans", "SELECT repeat('x', 1000000) FROM range(100)"))
        assert (large.value.status, large.value.code) == (422, "query_too_large")
        with pytest.raises(ClientLeft):
            disk.stored_records.ask(RecordQuery("logs", endless), lambda: False)
        assert disk.stored(RecordQuery("logs", "SELECT count(*) FROM records")) == [[0]]


def test_a_manifest_of_an_earlier_version_is_read_and_brought_up_to_date(tmp_path: Path) -> None:
    with Recording(tmp_path / "data") as disk:
        disk.events(event())
        disk.flushed()
    path = store_folder(tmp_path / "data") / MANIFEST_NAME
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(
            "ALTER TABLE files DROP COLUMN traces; ALTER TABLE files DROP COLUMN counts; DROP TABLE record_numbers; "
            "PRAGMA user_version = 1;"
        )
    with closing(Manifest.reading(path)) as manifest:
        assert [(file.kind, file.traces) for file in manifest.files()] == [("events", None)]
    with Recording(tmp_path / "data") as disk:
        disk.record(NewLogLine("shop", "new", trace_id="a" * 32))
        disk.flushed()
        disk.check()
    with closing(Manifest.reading(path)) as manifest:
        assert [file.traces for file in manifest.files()] == [None, ("a" * 32, "a" * 32)]


def test_small_files_are_merged(tmp_path: Path, dice: random.Random) -> None:
    with Recording(tmp_path / "data") as disk:
        made = Records(dice, int(disk.clock.wall()) * SECOND)
        for _ in range(5):
            disk.record(*(msgspec.structs.replace(made.line(), time=None) for _ in range(30)))
            disk.record(
                *(msgspec.structs.replace(made.span(), start=int(disk.clock.wall()) * SECOND) for _ in range(30))
            )
            disk.flushed()
        disk.until(lambda: any("-1.0.parquet" in file.name for file in disk.files() if file.parts[-3] == "logs"))
        disk.until(lambda: any("-1.0.parquet" in file.name for file in disk.files() if file.parts[-3] == "spans"))
        disk.check()


def test_files_of_days_that_are_over_are_deleted_by_kind(tmp_path: Path) -> None:
    with Recording(tmp_path / "data", options={**HASTY, "logs_days": 5, "spans_days": 2}) as disk:
        now = int(disk.clock.wall()) * SECOND
        times = [now - days * DAY for days in (0, 3, 7)]
        disk.record(*(NewLogLine("shop", f"{at}", at) for at in times))
        disk.record(*(NewSpan("a" * 32, f"{at % 10**16:016d}", "shop", "n", at, at) for at in times))
        disk.flushed()
        disk.until(lambda: len(disk.files()) == 3)
        assert disk.stored(RecordQuery("logs", "SELECT time FROM records ORDER BY time")) == [[times[1]], [times[0]]]
        assert disk.stored(RecordQuery("spans", "SELECT start_time FROM records")) == [[times[0]]]


def test_a_damaged_file_is_left_out_and_the_others_answer(tmp_path: Path) -> None:
    with Recording(tmp_path / "data") as disk:
        now = int(disk.clock.wall()) * SECOND
        disk.record(NewLogLine("shop", "old", now - DAY), NewLogLine("shop", "new", now))
        disk.flushed()
        old, _ = disk.files()
        content = old.read_bytes()
        old.write_bytes(b"x" * len(content))
        assert disk.stored(RecordQuery("logs", "SELECT body FROM records")) == [["new"]]
        disk.until(lambda: disk.client.status.damaged)
        assert [each.name for each in disk.client.status.damaged] == [str(old.relative_to(store_folder(disk.path)))]


def test_records_that_the_state_did_not_keep_are_not_stored(tmp_path: Path, dice: random.Random) -> None:
    with Recording(tmp_path / "data", max_services=1) as disk:
        disk.record(NewLogLine("shop", "1", id="a"), NewLogLine("other", "no room"), NewLogLine("shop", "2"))
        disk.record(NewLogLine("shop", "again", id="a"), NewLogLine("shop", "3"))
        disk.check()
        assert disk.save()
        disk.replace_child()  # it reads them from the checkpoint
        disk.check()
        assert [each for (each,) in disk.stored(RecordQuery("logs", "SELECT body FROM records ORDER BY seq"))] == list(
            "123"
        )


def test_a_backup_has_the_files_of_records(tmp_path: Path, dice: random.Random) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.db"
    with Recording(data) as disk:
        disk.fill(dice, 10)
        disk.flushed()
        copied = copy_store(data, backup)
        disk.check()
        rows = len(disk.state.rings["logs"]) + len(disk.state.rings["spans"])
    assert copied is not None
    assert (copied.rows, copied.damaged) == (rows, [])
    shutil.rmtree(store_folder(data))
    restored = restore_store(backup, data, tmp_path / "kept.db")
    assert restored == describe(backup_folder(backup))
    with Recording(data) as disk:
        disk.check()
