"""The JavaScript client, joined from its modules into one file for modules and one for classic scripts."""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "web" / "sdk"
ENTRY = "analytics.js"
IMPORT = re.compile(r"""^import \{[^}]*\} from '\./([\w.]+)';\n""", re.MULTILINE)
EXPORT = re.compile(r"""^export \{ ([\w, ]+) \} from '\./([\w.]+)';$""", re.MULTILINE)
DECLARED = re.compile(r"^export (?=class|const|(?:async )?function)", re.MULTILINE)
OWN_ADDRESS = """// In a worker, where no element tells it: the script's address, from the place of an error.
const ownAddress = () => /https?:[^\\s()]+?\\.js(?=[?#:])/.exec(new Error().stack ?? '')?.[0] ?? '';
"""


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


def types() -> str:
    """The types of both, for TypeScript."""
    return _read("analytics.d.ts")


def write(folder: Path) -> None:
    """Write the files of the npm package, which are those that the service serves."""
    folder.mkdir(exist_ok=True)
    (folder / "analytics.js").write_text(as_module())
    (folder / "analytics.classic.js").write_text(as_classic())
    (folder / "analytics.d.ts").write_text(types())


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


if __name__ == "__main__":
    write(Path(sys.argv[1]))
