"""YAML as configuration files may have it: scalars as in JSON, without tags and repeated names."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from analytics.catalog.bad_document import DEPTH_LIMIT, BadDocument
from analytics.catalog.rule_texts_of_yaml import is_text_of_rules
from analytics.catalog.yaml_aliases import MERGE, Anchors, merged

Path = tuple[str, ...]
NODES_PER_PAUSE = 1_000
_NUMBER = r"-?(?:0|[1-9][0-9]*)"


def _null(_: str) -> None:
    return None


class _Scalar(NamedTuple):
    """Plain scalars that are no text: their tag, what they look like, how they begin, and how they are read."""

    tag: str
    pattern: re.Pattern[str]
    starts: tuple[str, ...]
    read: Callable[[str], Any]


_SCALARS = (
    _Scalar("tag:yaml.org,2002:null", re.compile("(?:null|~|)$"), ("n", "~", ""), _null),
    _Scalar("tag:yaml.org,2002:bool", re.compile("(?:true|false)$"), ("t", "f"), lambda text: text == "true"),
    _Scalar("tag:yaml.org,2002:int", re.compile(f"{_NUMBER}$"), tuple("-0123456789"), int),
    _Scalar(
        "tag:yaml.org,2002:float",
        re.compile(rf"{_NUMBER}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"),
        tuple("-0123456789"),
        float,
    ),
)
_BY_START = {start: [scalar for scalar in _SCALARS if start in scalar.starts] for start in {*"n~tf-0123456789", ""}}


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """PyYAML's safe dumper, which quotes text that `read` would take for something else."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML has it
        **{start: [(scalar.tag, scalar.pattern) for scalar in scalars] for start, scalars in _BY_START.items()},
        MERGE[0]: [("tag:yaml.org,2002:merge", re.compile(f"{MERGE}$"))],
    }


def dump(collections: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The text that `parse` reads as these collections."""
    text: str = yaml.dump(collections, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def parse(text: str, lines: dict[Path, int], pause: Callable[[], None]) -> Any:
    """The value in `text`, None without one; notes the line of each part of it by its path.

    Raises:
        BadDocument: the text is not valid, or has more than one document.
    """
    values = parse_all(text, lines, pause, lambda _: False)
    return values[0] if values else None


def parse_all(
    text: str, lines: dict[Path, int], pause: Callable[[], None], may_have_more: Callable[[Any], bool]
) -> list[Any]:
    """The values of the documents in `text`; notes the line of each part of the first one by its path.

    It is built from events: PyYAML's own nodes and objects would take all tags, and could not be paused.

    Args:
        may_have_more: whether documents may follow the first one.

    Raises:
        BadDocument: the text is not valid.
    """
    values: list[Any] = []
    second: dict[Path, int] = {}
    events = _paused(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), pause)
    try:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                values.append(_Reading(events, lines if not values else second).value(event, ()))
            elif isinstance(event, yaml.DocumentStartEvent) and values and not may_have_more(values[0]):
                raise BadDocument("has more than one document", event.start_mark.line + 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadDocument(f"is not YAML: {error.problem or error.context}", mark and mark.line + 1) from None
    except yaml.YAMLError as error:
        raise BadDocument(f"is not YAML: {str(error).splitlines()[0]}") from None
    return values


def _paused(events: Iterable[Any], pause: Callable[[], None]) -> Iterator[Any]:
    for number, event in enumerate(events, 1):
        if number % NODES_PER_PAUSE == 0:
            pause()
        yield event


class _Reading:
    """One document as it is read from events."""

    def __init__(self, events: Iterator[Any], lines: dict[Path, int]) -> None:
        self._events, self._lines, self._anchors = events, lines, Anchors()

    def value(self, event: Any, path: Path) -> Any:
        """The value that begins with `event`; takes the rest of it from the events."""
        line = self._lines[path] = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            found = self._anchors.get(event.anchor, len(path), line)
            return _scalar(found, path, line) if isinstance(found, yaml.ScalarEvent) else found
        if event.tag is not None:
            raise BadDocument(f"has a tag that is not read here ({event.tag})", line, ".".join(path))
        made = self._made(event, path, line)
        self._anchors.put(event.anchor, event if isinstance(event, yaml.ScalarEvent) else made)
        return made

    def _made(self, event: Any, path: Path, line: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event, path, line)
        if len(path) >= DEPTH_LIMIT:
            raise BadDocument(f"is nested deeper than {DEPTH_LIMIT} levels", line)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        found: list[Any] = []
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            found.append(self.value(item, (*path, str(len(found)))))
        return found

    def _mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merge: Any = None
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarEvent) or key.tag is not None:
                raise BadDocument("has a name that is no text", line, ".".join(path))
            name = str(key.value)
            if name in found or (name == MERGE and merge is not None):
                raise BadDocument(f"has {name!r} twice in one mapping", line, ".".join(path))
            self._anchors.put(key.anchor, key)
            value = self.value(next(self._events), (*path, name))
            self._lines[(*path, name)] = line
            if name == MERGE and key.implicit[0]:
                merge = value, line
            else:
                found[name] = value
        return found if merge is None else merged(found, *merge)


def _scalar(event: Any, path: Path, line: int) -> Any:
    text: str = event.value
    is_plain = event.implicit[0]
    for scalar in _BY_START.get(text[:1], ()) if is_plain else ():
        if scalar.pattern.match(text):
            if scalar.read is not _null and is_text_of_rules(path):
                return text
            try:
                return scalar.read(text)
            except ValueError:
                raise BadDocument("has a number that is too long", line, ".".join(path)) from None
    return text
