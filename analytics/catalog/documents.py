"""Configuration files: YAML or JSON that maps collections to names, and names to bodies.

    annotations:
      deploy-1.4.2:
        text: Deploy 1.4.2
        service: checkout

Scalars mean what they mean in JSON: `true`, `null` and numbers; all else, such as `no`, `0123` or a time, is text.
Aliases, tags, and names that stand twice in one mapping are refused.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import yaml

Path = tuple[str, ...]
SUFFIXES = (".yaml", ".yml", ".json")
DOCUMENT_LIMIT = 10 * 1024 * 1024
DEPTH_LIMIT = 64
NODES_PER_PAUSE = 1_000
_NUMBER = r"-?(?:0|[1-9][0-9]*)"


class _Scalar(NamedTuple):
    """Plain scalars that are no text: their tag, what they look like, how they begin, and how they are read."""

    tag: str
    pattern: re.Pattern[str]
    starts: tuple[str, ...]
    read: Callable[[str], Any]


_SCALARS = (
    _Scalar("tag:yaml.org,2002:null", re.compile("(?:null|~|)$"), ("n", "~", ""), lambda _: None),
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


class BadDocument(Exception):
    """A file that cannot be read: the reason, and the line and field where they are known."""

    def __init__(self, reason: str, line: int | None = None, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.line, self.field = reason, line, field


class Document(NamedTuple):
    """What a file holds: bodies by collection and name, and the line of each part by its path (YAML alone)."""

    collections: dict[str, dict[str, dict[str, Any]]]
    lines: dict[Path, int]

    def line(self, *path: str) -> int | None:
        """The line of a part, or of what it is in; None where it is not known."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def read(text: bytes, name: str, pause: Callable[[], None] = lambda: None) -> Document:
    """The document in `text`; a `name` that ends with .json is JSON, any other YAML.

    Args:
        pause: called from time to time while YAML is read, to yield to others.

    Raises:
        BadDocument: the text is not valid.
    """
    if len(text) > DOCUMENT_LIMIT:
        raise BadDocument(f"is larger than {DOCUMENT_LIMIT:,} bytes")
    lines: dict[Path, int] = {}
    try:
        decoded = text.decode("utf-8-sig")
        value = _json(decoded) if name.endswith(".json") else _yaml(decoded, lines, pause)
    except UnicodeDecodeError as error:
        raise BadDocument(f"is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise BadDocument(f"is nested deeper than {DEPTH_LIMIT} levels") from None
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadDocument("has half a character, such as \\ud83d alone") from None
    document = Document(value if value is not None else {}, lines)
    _check(document)
    return document


def dump(collections: Mapping[str, Mapping[str, Mapping[str, Any]]], *, is_json: bool = False) -> bytes:
    """The file that `read` reads as these collections."""
    if is_json:
        return json.dumps(collections, indent=2, ensure_ascii=False).encode() + b"\n"
    text: str = yaml.dump(collections, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text.encode()


def repeated(documents: Iterable[tuple[str, Document]]) -> dict[tuple[str, str], list[str]]:
    """The resources that more than one file names, and those files."""
    files: dict[tuple[str, str], list[str]] = {}
    for file, document in documents:
        for collection, named in document.collections.items():
            for name in named:
                files.setdefault((collection, name), []).append(file)
    return {resource: found for resource, found in files.items() if len(found) > 1}


def _check(document: Document) -> None:
    if not isinstance(document.collections, dict):
        raise BadDocument("must be a mapping of collections, such as `annotations:`", 1)
    for collection, named in document.collections.items():
        if named is None:
            document.collections[collection] = {}
        elif not isinstance(named, dict):
            raise BadDocument("must be a mapping of names to resources", document.line(collection), collection)
        else:
            for name, body in named.items():
                if not isinstance(body, dict):
                    field = f"{collection}.{name}"
                    raise BadDocument("must be a mapping of fields", document.line(collection, name), field)


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant) if text.strip() else None
    except json.JSONDecodeError as error:
        raise BadDocument(f"is not JSON: {error.msg}", error.lineno) from None
    except ValueError as error:  # a number of thousands of digits
        raise BadDocument(f"is not JSON: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadDocument(f"has {name!r} twice in one object")
        found[name] = value
    return found


def _no_constant(text: str) -> Any:
    raise BadDocument(f"is not JSON: {text}")


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """PyYAML's safe dumper, which quotes text that `read` would take for something else."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML has it
        start: [(scalar.tag, scalar.pattern) for scalar in scalars] for start, scalars in _BY_START.items()
    }


def _yaml(text: str, lines: dict[Path, int], pause: Callable[[], None]) -> Any:
    """Build the value from events: PyYAML's own nodes and objects would take all tags, and could not be paused."""
    value, documents = None, 0
    events = _paused(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), pause)
    try:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                value = _value(event, events, (), lines)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise BadDocument("has more than one document", event.start_mark.line + 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadDocument(f"is not YAML: {error.problem or error.context}", mark and mark.line + 1) from None
    except yaml.YAMLError as error:
        raise BadDocument(f"is not YAML: {str(error).splitlines()[0]}") from None
    return value


def _paused(events: Iterable[Any], pause: Callable[[], None]) -> Iterator[Any]:
    for number, event in enumerate(events, 1):
        if number % NODES_PER_PAUSE == 0:
            pause()
        yield event


def _value(event: Any, events: Iterator[Any], path: Path, lines: dict[Path, int]) -> Any:
    """The value that begins with `event`; takes the rest of it from `events`."""
    line = lines[path] = event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent):
        raise BadDocument("has an alias (*name): write out what it stands for", line)
    if event.tag is not None:
        raise BadDocument(f"has a tag that is not read here ({event.tag})", line, ".".join(path))
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event, path, line)
    if len(path) >= DEPTH_LIMIT:
        raise BadDocument(f"is nested deeper than {DEPTH_LIMIT} levels", line)
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events, path, lines)
    found: list[Any] = []
    while not isinstance(item := next(events), yaml.SequenceEndEvent):
        found.append(_value(item, events, (*path, str(len(found))), lines))
    return found


def _mapping(events: Iterator[Any], path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarEvent) or key.tag is not None:
            raise BadDocument("has a name that is no text", line, ".".join(path))
        name = str(key.value)
        if name in found:
            raise BadDocument(f"has {name!r} twice in one mapping", line, ".".join(path))
        found[name] = _value(next(events), events, (*path, name), lines)
        lines[(*path, name)] = line
    return found


def _scalar(event: Any, path: Path, line: int) -> Any:
    text: str = event.value
    is_plain = event.implicit[0]
    for scalar in _BY_START.get(text[:1], ()) if is_plain else ():
        if scalar.pattern.match(text):
            try:
                return scalar.read(text)
            except ValueError:
                raise BadDocument("has a number that is too long", line, ".".join(path)) from None
    return text
