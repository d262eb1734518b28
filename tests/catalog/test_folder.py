"""The configuration folder: added, changed, removed and invalid files."""

import logging
import os
from pathlib import Path

import gevent
import msgspec
import pytest

from analytics.catalog.collections import ANNOTATIONS, COLLECTIONS
from analytics.catalog.folder import ConfigFolder
from analytics.errors import AnalyticsError, Unavailable
from analytics.log.disk.checkpoint import Checkpoint
from analytics.query.catalog import held_resources
from analytics.resources import NewChange, NewFile
from tests.state.rig import DAY, NOON, Rig


class Place:
    """A rig with a configuration folder."""

    def __init__(self, path: Path | None) -> None:
        self.rig, self.path = Rig(), path
        self.folder = ConfigFolder(path, lambda: self.rig.ask(held_resources), self.take_file, self.rig.clock)
        self.taken: list[NewFile] = []

    def take_file(self, file: NewFile) -> list[AnalyticsError]:
        self.taken.append(file)
        return self.rig.recorder.take_file(file)

    def write(self, **files: str) -> None:
        assert self.path is not None
        for name, text in files.items():
            (self.path / f"{name}.yaml").write_text(text)

    def load(self) -> list[tuple[str, int | None, str | None]]:
        """Load the folder; returns file, line and field of each error."""
        self.folder.load()
        health = self.folder.health()
        return [] if health is None else [(e["file"], e["line"], e["field"]) for e in health["errors"]]  # type: ignore[misc]

    @property
    def reasons(self) -> list[object]:
        health = self.folder.health()
        assert health is not None
        return [error["reason"] for error in health["errors"]]

    @property
    def held(self) -> dict[str, str]:
        """The text of each annotation by `file/name`."""
        return {f"{each.source}/{each.name}": each.body["text"] for each in self.rig.state.catalog.all()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_resource_exists_as_long_as_it_is_in_its_file(place: Place) -> None:
    place.write(a="annotations: {one: {text: 1st}, two: {text: 2nd}}", b="annotations: {three: {text: 3rd}}")
    (place.path / ".hidden.yaml").write_text("[")  # type: ignore[operator]
    (place.path / "notes.txt").write_text("[")  # type: ignore[operator]
    assert place.load() == []
    assert place.held == {"a.yaml/one": "1st", "b.yaml/three": "3rd", "a.yaml/two": "2nd"}
    health = place.folder.health()
    assert health is not None
    assert (health["folder"], health["files"], health["loaded_at"][:13]) == (str(place.path), 2, "2023-11-14T12")
    place.write(a="annotations: {one: {text: changed}}")
    (place.path / "b.yaml").unlink()  # type: ignore[operator]
    assert place.load() == []
    assert place.held == {"a.yaml/one": "changed"}


def test_unchanged_files_write_nothing_to_the_log_and_keep_their_times(place: Place) -> None:
    place.write(a="annotations: {one: {text: x}, two: {text: y, time: 2023-11-14T11:00:00Z}}")
    place.load()
    first = place.rig.state.catalog.all()
    assert [resource.start for resource in first] == [NOON, NOON - 3600]
    place.rig.clock.advance(500)
    place.load()
    assert (len(place.taken), place.rig.state.catalog.all()) == (1, first)


def test_an_expired_resource_is_written_once_and_stays_expired(place: Place) -> None:
    place.write(
        a="annotations: {timeless: {text: x}, timed: {text: y, time: 2023-11-14T11:00:00Z}}",
        b="annotations: {over: {text: z, time: 2020-01-01T00:00:00Z}}",
    )
    assert place.load() == []
    assert (place.held, len(place.taken)) == ({"a.yaml/timeless": "x", "a.yaml/timed": "y"}, 2)
    for _ in range(3):
        place.rig.clock.advance(91 * DAY)
        place.rig.recorder.tick()
        assert place.load() == []
        assert (place.held, len(place.taken)) == ({}, 2)
    place.write(a="annotations: {timeless: {text: changed}}")
    assert place.load() == []
    assert (place.held, len(place.taken)) == ({}, 3), "it still has the time of its first read"
    place.write(a="annotations: {}")
    place.load()
    place.write(a="annotations: {timeless: {text: again}}")
    place.load()
    assert place.held == {"a.yaml/timeless": "again"}


def test_files_share_a_limit_and_the_file_that_exceeds_it_is_named(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COLLECTIONS, ANNOTATIONS.name, ANNOTATIONS._replace(limit=3))
    place.rig.recorder.change(NewChange(ANNOTATIONS.name, "own", {"text": "over HTTP"}, NOON, NOON))
    place.write(
        a="annotations: {a1: {text: x}, a2: {text: x}}",
        b="# many\nannotations: {b1: {text: x}, b2: {text: x}}",
        c="annotations: {c1: {text: x}}",
        d="annotations: {d1: {text: x}, d2: {text: x}, d3: {text: x}, d4: {text: x}}",
    )
    for others in (2, 3):
        assert place.load() == [("b.yaml", 2, "annotations"), ("d.yaml", 1, "annotations")]
        assert place.reasons == [
            f"has 2 resources beside {others} in other files; at most 3 are allowed",
            "has 4 resources beside 3 in other files; at most 3 are allowed",
        ]
        assert place.held == {"a.yaml/a1": "x", "a.yaml/a2": "x", "c.yaml/c1": "x"}
        assert len(place.taken) == 2
    place.write(a="annotations: {}")
    (place.path / "d.yaml").unlink()  # type: ignore[operator]
    assert place.load() == []
    assert place.held == {"b.yaml/b1": "x", "b.yaml/b2": "x", "c.yaml/c1": "x"}


def test_a_file_above_the_limit_is_an_error_and_evicts_nothing(place: Place) -> None:
    place.rig.recorder.change(NewChange(ANNOTATIONS.name, "own", {"text": "x"}, NOON, NOON))
    place.write(a="annotations:\n" + "".join(f"  a{number}: {{text: x}}\n" for number in range(10_001)))
    assert place.load() == [("a.yaml", 1, "annotations")]
    assert place.reasons == ["has 10,001 resources; at most 10,000 are allowed"]
    assert (place.held, place.taken) == ({"http/own": "x"}, [])


def test_only_the_first_errors_are_listed_and_the_others_counted(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    assert place.folder.trouble() is None
    for name in "abcdefg":
        place.write(**{name: "annotations:\n" + "".join(f"  {name}{number}: {{}}\n" for number in range(60))})
    caplog.set_level(logging.ERROR)
    assert len(place.load()) == len(caplog.records) == 100
    health = place.folder.health()
    assert health is not None
    assert health["more_errors"] == 320
    files = "a.yaml, b.yaml, c.yaml, d.yaml, e.yaml, 2 more"
    assert place.folder.trouble() == f"the configuration has errors in {files}: see config.errors"
    for name in "abcdefg":
        place.write(**{name: ""})
    place.load()
    assert place.folder.trouble() is None


def test_reading_files_yields(place: Place) -> None:
    place.write(a="", b="annotations:\n" + "".join(f"  b{number}: {{text: x}}\n" for number in range(1_000)))
    turns = []

    def count() -> None:
        while True:
            turns.append(len(place.taken))
            gevent.sleep(0)

    other = gevent.spawn(count)
    place.load()
    other.kill()
    assert turns.count(0) >= 2 + 5 + 15, "before each file, each 1,000 parts of one, and each 64 resources"


WRONG = [
    ("annotations: {", 2, None, "is not YAML"),
    ("annotations:\n  two:\n    text: x\n    tags: [a, '']\n", 4, "annotations.two.tags.1", "1 to 64 characters"),
    ("annotations:\n  two: {}\n", 2, "annotations.two.text", "Missing data"),
    ("annotations:\n  a b: {text: x}\n", 2, "annotations.a b.id", "Must be 1 to 128 of"),
    ("annotations:\n  two:\n    text: x\n    end: 2020-01-01T00:00:00Z\n", 4, "annotations.two.end", "not be before"),
    ("boards:\n  two: {}\n", 1, "boards", "no such collection; known: annotations"),
]


@pytest.mark.parametrize(("text", "line", "field", "reason"), WRONG)
def test_an_invalid_file_changes_nothing_and_its_error_has_a_position(
    place: Place, caplog: pytest.LogCaptureFixture, text: str, line: int, field: str | None, reason: str
) -> None:
    place.write(a="annotations: {one: {text: x}}", b="annotations: {other: {text: y}}")
    place.load()
    place.write(a=text, b="annotations: {other: {text: z}}")
    caplog.set_level(logging.ERROR)
    assert place.load() == [("a.yaml", line, field)]
    assert reason in str(place.reasons[0])
    assert place.held == {"a.yaml/one": "x", "b.yaml/other": "z"}
    (record,) = caplog.records
    assert (record.file, record.line, record.field) == ("a.yaml", line, field)  # type: ignore[attr-defined]
    place.write(a="annotations: {one: {text: good again}}")
    assert place.load() == []


def test_a_resource_in_two_files_is_an_error_of_both(place: Place) -> None:
    place.write(a="annotations: {one: {text: x}}")
    place.load()
    place.write(
        a="annotations:\n  one: {text: y}\n", b="annotations: {one: {text: z}}", c="annotations: {c: {text: c}}"
    )
    assert place.load() == [("a.yaml", 2, "annotations.one"), ("b.yaml", 1, "annotations.one")]
    assert place.reasons == ["is in b.yaml too", "is in a.yaml too"]
    assert place.held == {"c.yaml/c": "c", "a.yaml/one": "x"}


def test_a_folder_that_cannot_be_read_changes_nothing(place: Place, tmp_path: Path) -> None:
    place.write(a="annotations: {one: {text: x}}")
    place.load()
    place.folder.path = tmp_path / "gone"
    assert place.load() == [(str(tmp_path / "gone"), None, None)]
    assert place.held == {"a.yaml/one": "x"}


def test_without_a_folder_resources_of_files_are_removed() -> None:
    place = Place(None)
    place.rig.recorder.take_file(NewFile("a.yaml", []))
    place.rig.recorder.change(NewChange(ANNOTATIONS.name, "own", {"text": "x"}, NOON, NOON))
    place.folder.load()
    assert place.folder.health() is None
    assert place.taken == []
    (resource,) = place.rig.state.catalog.all()
    place.rig.state.catalog.put(ANNOTATIONS.name, "old", {"text": "y"}, (NOON, NOON), (NOON, "f.yaml", "f.yaml"))
    place.folder.load()
    assert place.rig.state.catalog.all() == [resource]


def test_resources_without_room_and_failed_writes_are_reported(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTIONS, ANNOTATIONS.name, ANNOTATIONS._replace(limit=1, has_time=False))
    place.write(a="annotations: {one: {text: x}, two: {text: y}}")
    assert place.load() == [("a.yaml", 1, "annotations")]
    assert place.reasons == ["has 2 resources; at most 1 are allowed"]
    place.rig.recorder.change(NewChange(ANNOTATIONS.name, "own", {"text": "x"}, NOON, NOON))
    place.write(a="annotations: {one: {text: x}}")
    assert place.load() == [("a.yaml", None, None)]
    assert "no room for more annotations" in str(place.reasons[0])
    monkeypatch.setitem(COLLECTIONS, ANNOTATIONS.name, ANNOTATIONS)

    def fail(_: NewFile) -> list[AnalyticsError]:
        raise Unavailable("The disk is full.")

    place.folder._take_file = fail
    assert place.load() == [("a.yaml", None, None)]
    assert place.reasons == ["The disk is full."]


def test_the_file_of_a_resource_survives_a_restart(place: Place) -> None:
    place.write(a="annotations: {one: {text: x}}")
    place.load()
    checkpoint = Checkpoint(place.rig.state, place.rig.recorder)
    parts = list(checkpoint.parts(checkpoint.take_unsaved()))
    later = Place(place.path)
    Checkpoint(later.rig.state, later.rig.recorder).restore(parts)
    later.load()
    assert (later.held, later.taken) == ({"a.yaml/one": "x"}, [])


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        (b"a.json", '{"annotations":{"a":{"text":"half \\ud83d"}}}', "half a character"),
        (b"a.json", '{"annotations":{"\\ud83d":{"text":"x"}}}', "half a character"),
        (b"a.yaml", 'annotations: {a: {text: "\\ud83d"}}', ""),
        (b"bad\xff.yaml", "annotations: {a: {text: x}}", "a name that is not UTF-8"),
        (b"a.yaml", "annotations: {a: {text: x, time: '9999-12-31T23:59:59-12:00'}}", "at most 5 years ahead"),
        (b"a.yaml", "annotations: {a: {text: x, time: '0001-01-01T00:00:00+12:00'}}", "year 1 or later"),
        (b"large.yaml", "# " + "x" * 1024 * 1024, "split it"),
    ],
    ids=range(7),
)
def test_no_file_stops_the_service(place: Place, name: bytes, text: str, reason: str) -> None:
    place.write(good="annotations: {good: {text: kept}}")
    assert place.path is not None
    (place.path / os.fsdecode(name)).write_text(text)
    place.load()
    (found,) = place.reasons
    assert reason in str(found)
    assert "good.yaml/good" in place.held
    msgspec.json.encode(place.folder.health())


def test_a_bug_is_reported_as_an_error_of_the_folder(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "take_file", lambda _: 1 / 0)
    place.folder._take_file = place.take_file
    place.write(a="annotations: {a: {text: x}}")
    place.load()
    assert place.reasons == ["cannot be read because of a bug (ZeroDivisionError)"]


def test_a_dangling_link_is_an_error_and_its_resources_stay(place: Place) -> None:
    assert place.path is not None
    place.write(a="annotations: {a: {text: kept}}")
    assert place.load() == []
    (place.path / "a.yaml").unlink()
    (place.path / "a.yaml").symlink_to(place.path / "gone")
    (place.path / "b.yaml").mkdir()
    os.mkfifo(place.path / "c.yaml")
    assert [file for file, _, _ in place.load()] == ["a.yaml", "b.yaml", "c.yaml"]
    assert place.held == {"a.yaml/a": "kept"}
