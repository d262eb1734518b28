"""Configuration files: YAML or JSON that maps collections to names, and names to bodies.

    annotations:
      deploy-1.4.2:
        text: Deploy 1.4.2
        service: checkout

or documents of OpenSLO, which become resources of `slos`.

Scalars mean what they mean in JSON: `true`, `null` and numbers; all else, such as `no`, `0123` or a time, is text.
Tags, and names that stand twice in one mapping, are refused. A rule file of Prometheus, with a list of `groups`, is
read as resources of the collection `rules`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from analytics.catalog.bad_document import DEPTH_LIMIT, BadDocument
from analytics.catalog.openslo import is_openslo, objectives
from analytics.catalog.rule_files import is_rule_file, with_groups

SUFFIXES = (".yaml", ".yml", ".json")
DOCUMENT_LIMIT = 10 * 1024 * 1024


class Document(NamedTuple):
    """The content of a file: bodies by collection and name, and the line of each part by its path (YAML alone)."""

    collections: dict[str, dict[str, dict[str, Any]]]
    lines: dict[tuple[str, ...], int]

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
    lines: dict[tuple[str, ...], int] = {}
    try:
        decoded = text.decode("utf-8-sig")
        values = _json(decoded) if name.endswith(".json") else _yaml(decoded, lines, pause)
    except UnicodeDecodeError as error:
        raise BadDocument(f"is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise BadDocument(f"is nested deeper than {DEPTH_LIMIT} levels") from None
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadDocument("has half a character, such as \\ud83d alone") from None
    if values and is_openslo(values[0]):
        return Document({"slos": objectives(values)}, {("slos",): 1})
    value: Any = values[0] if values else None
    if is_rule_file(value):
        value = with_groups(value, lines)
    document = Document(value if value is not None else {}, lines)
    _check(document)
    return document


def dump(collections: Mapping[str, Mapping[str, Mapping[str, Any]]], *, is_json: bool = False) -> bytes:
    """The file that `read` reads as these collections."""
    if is_json:
        return json.dumps(collections, indent=2, ensure_ascii=False).encode() + b"\n"
    from analytics.catalog import yaml_text

    return yaml_text.dump(collections).encode()


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


def _yaml(text: str, lines: dict[tuple[str, ...], int], pause: Callable[[], None]) -> list[Any]:
    from analytics.catalog import yaml_text  # PyYAML takes 1 MB, and most services have no file for it

    return yaml_text.parse_all(text, lines, pause, is_openslo)


def _json(text: str) -> list[Any]:
    try:
        return [json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)] if text.strip() else []
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
