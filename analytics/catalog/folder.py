"""The configuration folder: what its files hold is in the catalog, and goes when it leaves its file."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from analytics.catalog.bad_document import BadDocument
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import COLLECTIONS
from analytics.catalog.documents import SUFFIXES, Document, read, repeated
from analytics.catalog.problems import Problems
from analytics.catalog.room import Room
from analytics.clock import Clock, rfc3339
from analytics.errors import AnalyticsError, ValidationFailed
from analytics.resources import HTTP, FileResource, NewFile, Resource
from analytics.yielding import yield_to_others

FILES_PER_PAUSE = 64
FILE_LIMIT = 1024 * 1024
"""Bytes of a file in the folder."""

log = logging.getLogger(__name__)


class ConfigHealth(TypedDict):
    """The state of the folder, as `/health` shows it: the first errors, and how many more there are."""

    folder: str
    files: int
    loaded_at: str
    errors: list[dict[str, str | int | None]]
    more_errors: int


class ConfigFolder:
    """Brings the files of a folder into the catalog.

    A file with anything wrong in it changes nothing: its resources stay as they were.

    Args:
        path: the folder; None where there is none, and then no resource of a file is kept.
        resources: returns every resource of the catalog, also those of files that expired.
        take_file: records the resources of a file; returns an error for each resource for which there was no room.
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
        self._problems = Problems()

    def health(self) -> ConfigHealth | None:
        """The files read, and their errors; None without a folder."""
        if self.path is None:
            return None
        return {
            "folder": str(self.path),
            "files": self._files,
            "loaded_at": rfc3339(self._loaded),
            "errors": [problem._asdict() for problem in self._problems.first],
            "more_errors": self._problems.more,
        }

    def trouble(self) -> str | None:
        """Which files have errors; None if none has."""
        return self._problems.summary

    def load(self) -> None:
        """Read all files, and change the catalog where they differ from it; whatever is wrong, the service goes on.

        Other greenlets run between files and in long ones.
        """
        problems, at = Problems(), self._clock.wall()
        try:
            self._load(problems)
        except Exception as error:
            log.exception("the configuration folder could not be read because of a bug")
            problems.add(str(self.path), None, None, f"cannot be read because of a bug ({type(error).__name__})")
        self._problems, self._loaded = problems, at

    def _load(self, problems: Problems) -> None:
        names = self._names(problems)
        if names is None:
            return
        self._files = len(names)
        documents = self._documents(names, problems)
        repeating = _repeating(documents, problems)
        found, before = {}, defaultdict(list)
        for each in self._resources():
            found[(each.collection, each.name)] = each
            if each.source != HTTP:
                before[each.source].append(FileResource(each.collection, each.name, each.body, each.start, each.end))
        gone = before.keys() - set(names)
        room = Room({file: Counter(map(_collection, items)) for file, items in before.items() if file not in gone})
        for file, document in documents.items():
            if room.has(file, document, problems):
                items = self._items(file, document, found, problems)
                if items is not None and file not in repeating:
                    room.take(file, Counter(map(_collection, items)))
                    self._bring(file, before.get(file, []), items, problems)
        for file in sorted(gone):
            self._bring(file, before[file], [], problems)

    def _names(self, problems: Problems) -> list[str] | None:
        """The names of the files in their order; None where the folder cannot be read."""
        if self.path is None:
            return []
        try:
            return sorted(path.name for path in self.path.iterdir() if _is_read(path))
        except OSError as error:
            problems.add(str(self.path), None, None, f"cannot be read: {error.strerror}")
            return None

    def _documents(self, names: Iterable[str], problems: Problems) -> dict[str, Document]:
        """The content of the files by name, without those that cannot be read."""
        documents: dict[str, Document] = {}
        for name in names:
            assert self.path is not None
            yield_to_others()
            try:
                documents[name] = read(_content(self.path / name), name, yield_to_others)
            except BadDocument as error:
                problems.add(_printable(name), error.line, error.field, error.reason)
        return documents

    def _items(
        self, file: str, document: Document, found: Mapping[tuple[str, str], Resource], problems: Problems
    ) -> list[FileResource] | None:
        """The resources of a file; None where something is wrong with one of them."""
        items: list[FileResource] = []
        for collection, named in document.collections.items():
            for number, (name, body) in enumerate(named.items(), 1):
                if number % FILES_PER_PAUSE == 0:
                    yield_to_others()
                try:
                    known = found.get((collection, name))
                    items.append(item_of(COLLECTIONS[collection], name, body, self._clock.wall(), known))
                except ValidationFailed as error:
                    for field, reasons in error.fields.items() or (("", [error.message]),):
                        path = (collection, name, *(field.split(".") if field else ()))
                        problems.add(file, document.line(*path), ".".join(path), " ".join(reasons))
        return items if file not in problems.by_file else None

    def _bring(self, file: str, before: Sequence[FileResource], items: list[FileResource], problems: Problems) -> None:
        """Record the resources of a file, if they differ from the catalog."""
        if sorted(before, key=_key) == sorted(items, key=_key):
            return
        try:
            refused = list(self._take_file(NewFile(file, items)))
        except AnalyticsError as error:
            refused = [error]
        for each in refused:
            problems.add(file, None, None, each.message)
        log.info("configuration was read", extra={"file": file, "resources": len(items)})


def _repeating(documents: Mapping[str, Document], problems: Problems) -> set[str]:
    """The files with a resource that another file has too."""
    repeating: set[str] = set()
    for (collection, name), files in repeated(documents.items()).items():
        for file in files:
            others = " and ".join(other for other in files if other != file)
            problems.add(file, documents[file].line(collection, name), f"{collection}.{name}", f"is in {others} too")
        repeating.update(files)
    return repeating


def _collection(item: FileResource) -> str:
    return item.collection


def _key(item: FileResource) -> tuple[str, str]:
    return item.collection, item.name


def _is_read(path: Path) -> bool:
    return path.suffix in SUFFIXES and not path.name.startswith(".")


def _printable(name: str) -> str:
    """The name of a file with escapes for the bytes that are not UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _content(path: Path) -> bytes:
    """The content of a file.

    Raises:
        BadDocument: it cannot be read, for whatever reason.
    """
    try:
        path.name.encode()
        if not path.is_file():  # a link to nothing, a folder, or a pipe
            raise BadDocument("is not a file")
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT + 1)
    except UnicodeEncodeError:
        raise BadDocument("has a name that is not UTF-8") from None
    except OSError as error:
        raise BadDocument(f"cannot be read: {error.strerror}") from None
    if len(content) > FILE_LIMIT:
        raise BadDocument(f"is larger than {FILE_LIMIT:,} bytes: split it, or send it with `analytics apply`")
    return content
