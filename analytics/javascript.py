"""The JavaScript client, bundled from its modules as an ES module and as a classic script."""

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
OWN_ADDRESS = """// In a worker, which has no script element: the address of the script, from the stack of an error.
const ownAddress = () => /https?:[^\\s()]+?\\.js(?=[?#:])/.exec(new Error().stack ?? '')?.[0] ?? '';
"""


@cache
def as_module() -> str:
    """The client as one ES module."""
    names, body = _joined()
    return f"{body}\nexport {{ {', '.join(names)} }};\n"


@cache
def as_classic() -> str:
    """The client as a classic script, whose exports are globals."""
    names, body = _joined()
    body = body.replace("import.meta.url", "(globalThis.document?.currentScript?.src ?? ownAddress())")
    body = OWN_ADDRESS + body
    return f"(() => {{\n'use strict';\n{body}\nObject.assign(globalThis, {{ {', '.join(names)} }});\n}})();\n"


def types() -> str:
    """The TypeScript declarations of both."""
    return _read("analytics.d.ts")


def write(folder: Path) -> None:
    """Write the files of the npm package, the same ones that the service serves."""
    folder.mkdir(exist_ok=True)
    (folder / "analytics.js").write_text(as_module())
    (folder / "analytics.classic.js").write_text(as_classic())
    (folder / "analytics.d.ts").write_text(types())


def _joined() -> tuple[list[str], str]:
    """The exported names, and the concatenated modules."""
    exports = EXPORT.findall(_read(ENTRY))
    names = [name for listed, _ in exports for name in listed.split(", ")]
    modules: dict[str, str] = {}
    for _, entry in exports:
        modules.update((name, text) for name, text in _with_imports(entry) if name not in modules)
    return names, "\n".join(modules.values())


def _with_imports(name: str) -> Iterator[tuple[str, str]]:
    """A module after its imports, each with its name, as a script without import and export."""
    text = _read(name)
    for imported in IMPORT.findall(text):
        yield from _with_imports(imported)
    yield name, DECLARED.sub("", IMPORT.sub("", text))


@cache
def _read(name: str) -> str:
    return (FOLDER / name).read_text()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
