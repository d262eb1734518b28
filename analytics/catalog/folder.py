"""The configuration folder: what its files hold is in the catalog, and goes when it leaves its file."""

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

from analytics.catalog.bodies import item_of
from analytics.catalog.collections import COLLECTIONS
from analytics.catalog.documents import SUFFIXES, BadDocument, Document, read, repeated
from analytics.clock import Clock, rfc3339
from analytics.errors import AnalyticsError, ValidationFailed
from analytics.records import HTTP, FileResource, NewFile, Resource

MOST_PROBLEMS = 100
FILE_LIMIT = 1024 * 1024
"""Bytes of a file in the folder: nothing else runs while it is read."""

log = logging.getLogger(__name__)


class Problem(NamedTuple):
    """What is wrong with a file, and where."""

    file: str
    line: int | None
    field: str | None
    reason: str


class ConfigHealth(TypedDict):
    """The state of the folder, as `/health` shows it."""

    folder: str
    files: int
    loaded_at: str
    errors: list[dict[str, str | int | None]]


class ConfigFolder:
    """Brings the files of a folder into the catalog.

    A file with anything wrong in it changes nothing: its resources stay as they were.

    Args:
        path: the folder; None where there is none, and then no resource of a file is kept.
        resources: returns every resource of the catalog.
        take_file: lets the catalog have what a file has, and returns what had no room.
    """

    def __init__(
        self,
        path: Path | None,
        resources: Callable[[], Sequence[Resource]],
        take_file: Callable[[NewFile], Iterable[AnalyticsError]],
        clock: Clock,
    ) -> None:
        self.path = path
        self._resources, self._take_file, self._clock = resources, take_file, clock
        self._files, self._loaded = 0, clock.wall()
        self._problems: list[Problem] = []

    def health(self) -> ConfigHealth | None:
        """What was read, and what was wrong with it; None without a folder."""
        if self.path is None:
            return None
        errors: list[dict[str, str | int | None]] = [problem._asdict() for problem in self._problems[:MOST_PROBLEMS]]
        return {"folder": str(self.path), "files": self._files, "loaded_at": rfc3339(self._loaded), "errors": errors}

    def load(self) -> None:
        """Read all files, and change the catalog where they differ from it; whatever is wrong, the service starts."""
        try:
            self._load()
        except Exception as error:
            log.exception("the configuration folder could not be read because of a bug")
            self._tell(Problem(str(self.path), None, None, f"cannot be read because of a bug ({type(error).__name__})"))

    def _load(self) -> None:
        self._problems, self._loaded = [], self._clock.wall()
        kept = self._resources()
        gone = {resource.source for resource in kept if resource.source != HTTP}
        if self.path is not None:
            try:
                names = sorted(path.name for path in self.path.iterdir() if _is_read(path))
            except OSError as error:
                self._tell(Problem(str(self.path), None, None, f"cannot be read: {error.strerror}"))
                return
            self._files = len(names)
            gone -= set(names)
            for file, items in self._sound(self.path, names, kept):
                self._bring(file, items, kept)
        for file in sorted(gone):
            self._bring(file, [], kept)

    def _sound(
        self, folder: Path, names: Iterable[str], kept: Sequence[Resource]
    ) -> list[tuple[str, list[FileResource]]]:
        """The files in which nothing is wrong."""
        documents: dict[str, Document] = {}
        for name in names:
            try:
                name.encode()
                documents[name] = read(_content(folder / name), name)
            except BadDocument as error:
                self._tell(Problem(name, error.line, error.field, error.reason))
            except OSError as error:
                self._tell(Problem(name, None, None, f"cannot be read: {error.strerror}"))
            except UnicodeEncodeError:
                shown = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
                self._tell(Problem(shown, None, None, "has a name that is not UTF-8"))
        wrong: set[str] = set()
        for (collection, name), files in repeated(documents.items()).items():
            for file in files:
                others = " and ".join(other for other in files if other != file)
                line = documents[file].line(collection, name)
                self._tell(Problem(file, line, f"{collection}.{name}", f"is in {others} too"))
            wrong.update(files)
        found = {(resource.collection, resource.name): resource for resource in kept}
        sound = [(file, self._items(file, document, found)) for file, document in documents.items()]
        return [(file, items) for file, items in sound if items is not None and file not in wrong]

    def _items(
        self, file: str, document: Document, found: dict[tuple[str, str], Resource]
    ) -> list[FileResource] | None:
        """The resources of a file; None where something is wrong with one of them."""
        items, told = [], len(self._problems)
        for collection, named in document.collections.items():
            if collection not in COLLECTIONS:
                known = f"there is no such collection; known: {', '.join(COLLECTIONS)}"
                self._tell(Problem(file, document.line(collection), collection, known))
                continue
            for name, body in named.items():
                try:
                    before = found.get((collection, name))
                    items.append(item_of(COLLECTIONS[collection], name, body, self._clock.wall(), before))
                except ValidationFailed as error:
                    for field, reasons in error.fields.items() or (("", [error.message]),):
                        path = (collection, name, *(field.split(".") if field else ()))
                        self._tell(Problem(file, document.line(*path), ".".join(path), " ".join(reasons)))
        return items if len(self._problems) == told else None

    def _bring(self, file: str, items: list[FileResource], kept: Sequence[Resource]) -> None:
        """Let the catalog have what the file has, where it does not have that yet."""
        before = [FileResource(r.collection, r.name, r.body, r.start, r.end) for r in kept if r.source == file]
        if sorted(before, key=_key) == sorted(items, key=_key):
            return
        try:
            refused = list(self._take_file(NewFile(file, items)))
        except AnalyticsError as error:
            refused = [error]
        for each in refused:
            self._tell(Problem(file, None, None, each.message))
        log.info("configuration was read", extra={"file": file, "resources": len(items)})

    def _tell(self, problem: Problem) -> None:
        self._problems.append(problem)
        log.error("configuration is wrong", extra=problem._asdict())


def _key(item: FileResource) -> tuple[str, str]:
    return item.collection, item.name


def _is_read(path: Path) -> bool:
    return path.suffix in SUFFIXES and not path.name.startswith(".")


def _content(path: Path) -> bytes:
    if not path.is_file():  # a link to nothing, a folder, or a pipe
        raise BadDocument("is not a file")
    with path.open("rb") as file:
        content = file.read(FILE_LIMIT + 1)
    if len(content) > FILE_LIMIT:
        raise BadDocument(f"is larger than {FILE_LIMIT:,} bytes: split it, or send it with `analytics apply`")
    return content
