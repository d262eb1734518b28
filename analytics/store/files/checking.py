"""Checking files: whether they are what the manifest says."""

from collections.abc import Iterable
from pathlib import Path

from analytics.store.files.checksums import crc_of
from analytics.store.files.layout import LAYOUT_VERSION
from analytics.store.files.manifest import DataFile


def quick_damage(folder: Path, file: DataFile) -> str | None:
    """Why a file cannot be read, by its size alone; None if nothing is wrong with that."""
    if file.layout > LAYOUT_VERSION:
        return f"it has layout {file.layout} of a newer version, this one knows {LAYOUT_VERSION}"
    try:
        size = (folder / file.name).stat().st_size
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return None if size == file.bytes else f"it has {size} bytes instead of {file.bytes}"


def damage_of(folder: Path, file: DataFile) -> str | None:
    """Why a file must not be read; None if it is as it was written."""
    quick = quick_damage(folder, file)
    if quick is not None:
        return quick
    try:
        is_same = crc_of(folder / file.name) == file.crc
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return None if is_same else "its content has changed: its checksum is wrong"


def damaged(folder: Path, files: Iterable[DataFile]) -> list[tuple[DataFile, str]]:
    """The files that must not be read, and why."""
    found = ((file, damage_of(folder, file)) for file in files)
    return [(file, reason) for file, reason in found if reason is not None]
