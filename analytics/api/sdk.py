"""/sdk/…: the JavaScript client, joined from its modules into one file for modules and one for classic scripts."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from flask import Blueprint, Response

from analytics.api.files import TYPES, pack, respond

FOLDER = Path(__file__).parents[1] / "web" / "sdk"
ENTRY = "analytics.js"
IMPORT = re.compile(r"""^import \{[^}]*\} from '\./([\w.]+)';\n""", re.MULTILINE)
EXPORT = re.compile(r"""^export \{ ([\w, ]+) \} from '\./([\w.]+)';$""", re.MULTILINE)
DECLARED = re.compile(r"^export (?=class|const|(?:async )?function)", re.MULTILINE)
OWN_ADDRESS = """// In a worker, where no element tells it: the script's address, from the place of an error.
const ownAddress = () => /https?:[^\\s()]+?\\.js(?=[?#:])/.exec(new Error().stack ?? '')?.[0] ?? '';
"""
CACHE_CONTROL = "public, max-age=300"
"""Pages of other sites load the client with each of theirs: they need not ask each time."""


def sdk_blueprint() -> Blueprint:
    """The blueprint of /sdk/analytics.js, /sdk/analytics.classic.js and /sdk/analytics.d.ts."""
    blueprint = Blueprint("sdk", __name__)

    @blueprint.get("/sdk/analytics.js")
    def module() -> Response:
        return _file(as_module(), TYPES[".js"])

    @blueprint.get("/sdk/analytics.classic.js")
    def classic() -> Response:
        return _file(as_classic(), TYPES[".js"])

    @blueprint.get("/sdk/analytics.d.ts")
    def types() -> Response:
        return _file(_read("analytics.d.ts"), "text/plain; charset=utf-8")

    return blueprint


@cache
def as_module() -> str:
    """The client as one ES module."""
    names, body = _joined()
    return f"{body}\nexport {{ {', '.join(names)} }};\n"


@cache
def as_classic() -> str:
    """The client as a classic script: what the module exports are globals."""
    names, body = _joined()
    body = body.replace("import.meta.url", "(globalThis.document?.currentScript?.src ?? ownAddress())")
    body = OWN_ADDRESS + body
    return f"(() => {{\n'use strict';\n{body}\nObject.assign(globalThis, {{ {', '.join(names)} }});\n}})();\n"


def _joined() -> tuple[list[str], str]:
    """The names that are exported, and all modules one after the other."""
    exports = EXPORT.findall(_read(ENTRY))
    names = [name for listed, _ in exports for name in listed.split(", ")]
    modules: dict[str, str] = {}
    for _, entry in exports:
        modules.update((name, text) for name, text in _with_imports(entry) if name not in modules)
    return names, "\n".join(modules.values())


def _with_imports(name: str) -> Iterator[tuple[str, str]]:
    """A module behind those that it imports, each as a script."""
    text = _read(name)
    for imported in IMPORT.findall(text):
        yield from _with_imports(imported)
    yield name, DECLARED.sub("", IMPORT.sub("", text))


@cache
def _read(name: str) -> str:
    return (FOLDER / name).read_text()


def _file(text: str, content_type: str) -> Response:
    response = respond(pack(text.encode()), content_type)
    response.headers["Cache-Control"] = CACHE_CONTROL
    return response
