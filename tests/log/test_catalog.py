"""The catalog: versions, conditions, files, and expiry."""

import pytest

from analytics.catalog.collections import ANNOTATIONS, COLLECTIONS
from analytics.errors import AnalyticsError, FromFile, NotFound, PreconditionFailed
from analytics.log.catalog import Changed
from analytics.log.disk.checkpoint import CATALOG_PART, Checkpoint
from analytics.log.refusal import Refused
from analytics.resources import FileResource, NewChange, NewFile, Resource, Versions
from tests.state.rig import DAY, HOUR, NOON, Rig


def put(rig: Rig, name: str, text: str = "x", at: float | None = None, **conditions: Versions) -> Changed:
    change = NewChange(ANNOTATIONS.name, name, {"text": text}, at or NOON, at or NOON, "me", **conditions)
    return rig.recorder.change(change)


def delete(rig: Rig, name: str, **conditions: Versions) -> Changed:
    return rig.recorder.change(NewChange(ANNOTATIONS.name, name, who="me", **conditions))


def take(rig: Rig, file: str, *names: str, text: str = "x", at: float = NOON) -> list[AnalyticsError]:
    resources = [FileResource(ANNOTATIONS.name, name, {"text": text}, at, at) for name in names]
    return rig.recorder.take_file(NewFile(file, resources))


def names(rig: Rig) -> list[str]:
    return sorted(resource.name for resource in rig.state.catalog.all())


def get(rig: Rig, name: str) -> Resource:
    found = rig.state.catalog.get(ANNOTATIONS.name, name)
    assert found is not None
    return found


def test_each_change_gives_a_higher_version_and_no_change_gives_none() -> None:
    rig = Rig()
    created = put(rig, "a")
    first = round(NOON * 1000) + 1
    assert (created.outcome, created.resource.version) == ("created", first)
    rig.clock.advance(5)
    assert put(rig, "a") == Changed("unchanged", created.resource)
    changed = put(rig, "a", "y")
    assert (changed.outcome, changed.resource.version, changed.resource.updated_at) == ("changed", first + 1, NOON + 5)
    assert (changed.resource.updated_by, changed.resource.source) == ("me", "http")
    assert delete(rig, "a") == Changed("deleted", changed.resource)
    assert put(rig, "a", "y").resource.version > changed.resource.version, "or an old ETag would match another resource"


def test_a_condition_that_does_not_hold_changes_nothing() -> None:
    rig = Rig()
    first = put(rig, "a", if_none_match="*").resource
    version = first.version
    for conditions in ({"if_none_match": "*"}, {"if_none_match": (version,)}, {"if_match": (2, 3)}, {"if_match": ()}):
        with pytest.raises(PreconditionFailed):
            put(rig, "a", "y", **conditions)
        with pytest.raises(PreconditionFailed):
            delete(rig, "a", **conditions)
    with pytest.raises(PreconditionFailed):
        put(rig, "b", if_match="*")
    assert get(rig, "a") == first
    assert put(rig, "a", "y", if_match=(7, version)).resource.version == version + 1
    assert put(rig, "a", "z", if_match="*", if_none_match=(1,)).resource.version == version + 2
    assert delete(rig, "a", if_match=(version + 2,)).outcome == "deleted"


def test_a_missing_resource_cannot_be_deleted() -> None:
    with pytest.raises(NotFound, match="There is no annotations/a"):
        delete(Rig(), "a")


def test_a_dry_run_returns_the_outcome_and_changes_nothing() -> None:
    rig = Rig()
    change = NewChange(ANNOTATIONS.name, "a", {"text": "x"}, NOON, NOON, "me")
    assert rig.recorder.change(change, is_dry_run=True).outcome == "created"
    assert names(rig) == []
    rig.recorder.change(change)
    assert rig.recorder.change(change, is_dry_run=True).outcome == "unchanged"
    other = NewChange(ANNOTATIONS.name, "a", {"text": "y"}, NOON, NOON, "me")
    assert rig.recorder.change(other, is_dry_run=True).outcome == "changed"
    with pytest.raises(PreconditionFailed):
        rig.recorder.change(NewChange(ANNOTATIONS.name, "a", {}, if_none_match="*"), is_dry_run=True)
    assert get(rig, "a").version == round(NOON * 1000) + 1


def test_a_file_owns_its_resources_as_long_as_it_has_them() -> None:
    rig = Rig()
    put(rig, "a", "by hand")
    put(rig, "other")
    assert take(rig, "x.yaml", "a", "b") == []
    assert (get(rig, "a").source, get(rig, "a").updated_by, get(rig, "a").body) == ("x.yaml", "x.yaml", {"text": "x"})
    for act in (put, delete):
        with pytest.raises(FromFile, match=r"x\.yaml"):
            act(rig, "a")
    before = get(rig, "b")
    take(rig, "x.yaml", "b", "c")
    assert names(rig) == ["b", "c", "other"]
    assert get(rig, "b") is before, "equal content is not a change"
    take(rig, "y.yaml", "c")
    take(rig, "x.yaml")
    assert names(rig) == ["c", "other"], "another file owns it now"


def test_annotations_expire_with_the_retention_of_days() -> None:
    rig = Rig(daily_days=10)
    put(rig, "old", at=NOON - 9 * DAY)
    put(rig, "new")
    take(rig, "x.yaml", "of a file", at=NOON - 9 * DAY)
    long = NewChange(ANNOTATIONS.name, "long", {"text": "x"}, NOON - 99 * DAY, NOON)
    rig.recorder.change(long)
    with pytest.raises(Refused) as refused:
        put(rig, "too old", at=NOON - 11 * DAY)
    assert refused.value.code == "timestamp_too_old"
    tag = rig.state.catalog.tag(ANNOTATIONS.name)
    revision = rig.state.catalog.revision
    rig.clock.advance(DAY)
    rig.recorder.tick()
    assert names(rig) == ["long", "new"]
    assert rig.state.catalog.tag(ANNOTATIONS.name) != tag
    assert rig.state.catalog.revision == revision, "it depends on a setting, so versions must not depend on it"
    held = rig.state.catalog.held()
    assert take(rig, "x.yaml", "of a file", at=NOON - 9 * DAY) == []
    assert (names(rig), rig.state.catalog.held()) == (["long", "new"], held), "it is known but not shown"
    for act in (put, delete):
        with pytest.raises(FromFile, match=r"x\.yaml"):
            act(rig, "of a file")
    take(rig, "x.yaml", "of a file", at=NOON)
    assert names(rig) == ["long", "new", "of a file"]
    take(rig, "x.yaml", "old too", at=NOON - 99 * DAY)
    assert names(rig) == ["long", "new"]
    take(rig, "x.yaml")
    assert rig.state.catalog.held() == rig.state.catalog.all()


@pytest.mark.parametrize(("fields", "field"), [({"time": "then"}, "time"), ({"time": "then", "end": "later"}, "end")])
def test_the_error_for_an_old_annotation_names_time_or_end(fields: dict[str, str], field: str) -> None:
    rig, at = Rig(daily_days=10), NOON - 11 * DAY
    with pytest.raises(Refused) as refused:
        rig.recorder.change(NewChange(ANNOTATIONS.name, "a", {"text": "x", **fields}, at, at))
    assert (list(refused.value.fields), fields[field] in refused.value.message) == ([field], True)


def test_no_version_is_used_twice_after_a_start() -> None:
    rig = Rig()
    lost = put(rig, "a").resource.version
    rig.state.catalog.revision = lost - 1  # as after a kill in `relaxed`, or a backup that was restored
    rig.clock.advance(1)
    rig.recorder.start()
    assert put(rig, "a", "y").resource.version > lost


def test_resources_of_files_are_not_evicted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTIONS, ANNOTATIONS.name, ANNOTATIONS._replace(limit=2))
    rig = Rig()
    assert take(rig, "x.yaml", "of a file", at=NOON - HOUR) == []
    for name in "abc":
        rig.clock.advance(1)
        put(rig, name)
    assert names(rig) == ["c", "of a file"]
    assert take(rig, "x.yaml", "of a file", "another") == []
    assert names(rig) == ["another", "of a file"], "but others are evicted for it"
    assert rig.stats()["drops"] == {"annotations_evicted": 3}


def test_the_oldest_annotation_is_evicted_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTIONS, ANNOTATIONS.name, ANNOTATIONS._replace(limit=2))
    rig = Rig()
    for name, at in (("a", NOON), ("b", NOON - 9), ("c", NOON - 99)):
        put(rig, name, at=at)
    assert names(rig) == ["a", "c"], "never the new one"
    assert rig.stats()["drops"] == {"annotations_evicted": 1}


def test_other_collections_refuse_resources_above_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTIONS, ANNOTATIONS.name, ANNOTATIONS._replace(limit=1, has_time=False))
    rig = Rig()
    put(rig, "a")
    with pytest.raises(Refused, match="no room for more annotations: 1"):
        put(rig, "b")
    assert put(rig, "a", "y").outcome == "changed"
    assert [error.code for error in take(rig, "x.yaml", "b")] == ["collection_full"]


def test_a_checkpoint_holds_the_catalog_and_an_old_one_has_none() -> None:
    rig = Rig()
    checkpoint = Checkpoint(rig.state, rig.recorder)
    without = list(checkpoint.parts(checkpoint.take_unsaved()))
    put(rig, "b", at=NOON - 5)
    put(rig, "a")
    delete(rig, "b")
    take(rig, "x.yaml", "expired", at=NOON - 999 * DAY)
    changes = checkpoint.take_unsaved()
    checkpoint.rollback(changes)
    parts = list(checkpoint.parts(checkpoint.take_unsaved()))
    assert CATALOG_PART in {part.family for part in parts}
    assert CATALOG_PART not in {part.family for part in checkpoint.parts(checkpoint.take_unsaved())}, "nothing changed"
    restored = Rig()
    Checkpoint(restored.state, restored.recorder).restore(parts)
    assert restored.state.catalog.dump() == rig.state.catalog.dump()
    assert [each.name for each in restored.state.catalog.newest_first(ANNOTATIONS.name, NOON + 1)] == ["a"]
    assert put(restored, "b").resource.version == rig.state.catalog.revision + 1
    old = Rig()
    Checkpoint(old.state, old.recorder).restore(without)
    assert names(old) == []
