"""Configuration files: YAML or JSON with collections, in them names, and in each a body.

    annotations:
      deploy-1.4.2:
        text: Deploy 1.4.2
        service: checkout

Scalars mean what they mean in JSON: `true`, `null` and numbers; all else, such as `no`, `0123` or a time, is text.
Anchors and aliases, tags, and names that stand twice in one mapping are refused.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import yaml

Path = tuple[str, ...]
SUFFIXES = (".yaml", ".yml", ".json")
SIZE_LIMIT = 10 * 1024 * 1024
DEPTH_LIMIT = 64
_NUMBER = r"-?(?:0|[1-9][0-9]*)"
_NULL, _BOOL, _INT, _FLOAT, _STR = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str"))
_SCALARS = (
    (_NULL, re.compile("(?:null|~|)$"), ["n", "~", ""]),
    (_BOOL, re.compile("(?:true|false)$"), list("tf")),
    (_INT, re.compile(f"{_NUMBER}$"), list("-0123456789")),
    (_FLOAT, re.compile(rf"{_NUMBER}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"), list("-0123456789")),
)


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


def read(text: bytes, name: str) -> Document:
    """The document in `text`; a `name` that ends with .json is JSON, any other YAML.

    Raises:
        BadDocument: it is not one.
    """
    if len(text) > SIZE_LIMIT:
        raise BadDocument(f"is larger than {SIZE_LIMIT:,} bytes")
    lines: dict[Path, int] = {}
    try:
        decoded = text.decode("utf-8-sig")
        value = _json(decoded) if name.endswith(".json") else _yaml(decoded, lines)
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


class _Resolver:
    """Which plain scalars are no text, for reading and writing alike."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as PyYAML has it


for _tag, _pattern, _first in _SCALARS:
    for _character in _first:
        _Resolver.yaml_implicit_resolvers.setdefault(_character, []).append((_tag, _pattern))


class _Loader(_Resolver, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader, the quick one where there is one."""


class _Dumper(_Resolver, yaml.SafeDumper):  # type: ignore[misc]
    """PyYAML's safe dumper."""


def _yaml(text: str, lines: dict[Path, int]) -> Any:
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):  # by events, which cost nothing however deep they go
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise BadDocument("has an alias (*name): write out what it stands for", event.start_mark.line + 1)
            if depth > DEPTH_LIMIT:
                raise BadDocument(f"is nested deeper than {DEPTH_LIMIT} levels", event.start_mark.line + 1)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadDocument(f"is not YAML: {error.problem or error.context}", mark and mark.line + 1) from None
    except yaml.YAMLError as error:
        raise BadDocument(f"is not YAML: {str(error).splitlines()[0]}") from None
    return None if node is None else _value(node, (), lines)


def _value(node: Any, path: Path, lines: dict[Path, int]) -> Any:
    line = lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        return [_value(item, (*path, str(index)), lines) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
        return _mapping(node, path, lines)
    if isinstance(node, yaml.ScalarNode):
        try:
            if node.tag in _PLAIN:
                return _PLAIN[node.tag](node.value)
        except ValueError:
            raise BadDocument("has a number that is too long", line, ".".join(path)) from None
    raise BadDocument(f"has a tag that is not read here ({node.tag})", line, ".".join(path))


def _mapping(node: Any, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise BadDocument("has a name that is no text", line, ".".join(path))
        name = str(key.value)
        if name in found:
            raise BadDocument(f"has {name!r} twice in one mapping", line, ".".join(path))
        found[name] = _value(value, (*path, name), lines)
        lines[(*path, name)] = line
    return found


_PLAIN: dict[str, Callable[[str], Any]] = {
    _NULL: lambda _: None,
    _BOOL: lambda text: text == "true",
    _INT: int,
    _FLOAT: float,
    _STR: str,
}
