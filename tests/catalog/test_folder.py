"""The configuration folder: files in, files out, and what a wrong one does."""

import logging
import os
from pathlib import Path

import msgspec
import pytest

from analytics.catalog.collections import ANNOTATIONS, COLLECTIONS
from analytics.catalog.folder import ConfigFolder
from analytics.errors import AnalyticsError, Unavailable
from analytics.log.disk.checkpoint import Checkpoint
from analytics.query.catalog import every_resource
from analytics.records import NewChange, NewFile
from tests.state.rig import NOON, Rig


class Place:
    """A rig with a configuration folder."""

    def __init__(self, path: Path | None) -> None:
        self.rig, self.path = Rig(), path
        self.folder = ConfigFolder(path, lambda: self.rig.ask(every_resource).resources, self.take_file, self.rig.clock)
        self.taken: list[NewFile] = []

    def take_file(self, file: NewFile) -> list[AnalyticsError]:
        self.taken.append(file)
        return self.rig.recorder.take_file(file)

    def write(self, **files: str) -> None:
        assert self.path is not None
        for name, text in files.items():
            (self.path / f"{name}.yaml").write_text(text)

    def load(self) -> list[tuple[str, int | None, str | None]]:
        """Load; returns file, line and field of each error."""
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


def test_what_a_file_has_is_there_until_it_leaves_the_file(place: Place) -> None:
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


def test_the_same_files_write_nothing_to_the_log_and_keep_their_times(place: Place) -> None:
    place.write(a="annotations: {one: {text: x}, two: {text: y, time: 2023-11-14T11:00:00Z}}")
    place.load()
    first = place.rig.state.catalog.all()
    assert [resource.start for resource in first] == [NOON, NOON - 3600]
    place.rig.clock.advance(500)
    place.load()
    assert (len(place.taken), place.rig.state.catalog.all()) == (1, first)


WRONG = [
    ("annotations: {", 2, None, "is not YAML"),
    ("annotations:\n  two:\n    text: x\n    tags: [a, '']\n", 4, "annotations.two.tags.1", "1 to 64 characters"),
    ("annotations:\n  two: {}\n", 2, "annotations.two.text", "Missing data"),
    ("annotations:\n  a b: {text: x}\n", 2, "annotations.a b.id", "Must be 1 to 128 of"),
    ("annotations:\n  two:\n    text: x\n    end: 2020-01-01T00:00:00Z\n", 4, "annotations.two.end", "not be before"),
    ("rules:\n  two: {}\n", 1, "rules", "no such collection; known: annotations"),
]


@pytest.mark.parametrize(("text", "line", "field", "reason"), WRONG)
def test_a_wrong_file_changes_nothing_and_says_where_it_is_wrong(
    place: Place, caplog: pytest.LogCaptureFixture, text: str, line: int, field: str | None, reason: str
) -> None:
    place.write(a="annotations: {one: {text: x}}", b="annotations: {other: {text: y}}")
    place.load()
    place.write(a=text, b="annotations: {other: {text: z}}")
    caplog.set_level(logging.ERROR)
    assert place.load() == [("a.yaml", line, field)]
    assert reason in str(place.reasons[0])
    assert place.held == {"a.yaml/one": "x", "b.yaml/other": "z"}
    (told,) = caplog.records
    assert (told.file, told.line, told.field) == ("a.yaml", line, field)  # type: ignore[attr-defined]
    place.write(a="annotations: {one: {text: good again}}")
    assert place.load() == []


def test_two_files_with_the_same_resource_are_both_wrong_and_name_each_other(place: Place) -> None:
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


def test_without_a_folder_nothing_of_a_file_is_kept() -> None:
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


def test_what_has_no_room_or_cannot_be_written_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTIONS, ANNOTATIONS.name, ANNOTATIONS._replace(limit=1, has_time=False))
    place.write(a="annotations: {one: {text: x}, two: {text: y}}")
    assert place.load() == [("a.yaml", None, None)]
    assert "no room for more annotations" in str(place.reasons[0])
    monkeypatch.setitem(COLLECTIONS, ANNOTATIONS.name, ANNOTATIONS)

    def fail(_: NewFile) -> list[AnalyticsError]:
        raise Unavailable("The disk is full.")

    place.folder._take_file = fail
    assert place.load() == [("a.yaml", None, None)]
    assert place.reasons == ["The disk is full."]


def test_a_restart_knows_which_file_a_resource_is_of(place: Place) -> None:
    place.write(a="annotations: {one: {text: x}}")
    place.load()
    checkpoint = Checkpoint(place.rig.state, place.rig.recorder)
    parts = list(checkpoint.parts(checkpoint.take_changes()))
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
def test_no_file_can_end_the_service(place: Place, name: bytes, text: str, reason: str) -> None:
    place.write(good="annotations: {good: {text: kept}}")
    assert place.path is not None
    (place.path / os.fsdecode(name)).write_text(text)
    place.load()
    (found,) = place.reasons
    assert reason in str(found)
    assert "good.yaml/good" in place.held
    msgspec.json.encode(place.folder.health())


def test_a_bug_is_an_error_of_the_folder_and_ends_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "take_file", lambda _: 1 / 0)
    place.folder._take_file = place.take_file
    place.write(a="annotations: {a: {text: x}}")
    place.load()
    assert place.reasons == ["cannot be read because of a bug (ZeroDivisionError)"]


def test_a_link_to_nothing_is_wrong_and_its_resources_stay(place: Place) -> None:
    assert place.path is not None
    place.write(a="annotations: {a: {text: kept}}")
    assert place.load() == []
    (place.path / "a.yaml").unlink()
    (place.path / "a.yaml").symlink_to(place.path / "gone")
    (place.path / "b.yaml").mkdir()
    os.mkfifo(place.path / "c.yaml")
    assert [file for file, _, _ in place.load()] == ["a.yaml", "b.yaml", "c.yaml"]
    assert place.held == {"a.yaml/a": "kept"}
