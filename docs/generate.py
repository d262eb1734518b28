"""Writes the pages that are made from other sources: the API reference and the changelog.

`make docs` runs it as `python -m docs.generate` before it builds the site.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from analytics.api.codes import PROBLEMS
from analytics.api.docs import EXAMPLE_URL
from analytics.api.docs_page import FieldRow, operations
from analytics.api.openapi import build_spec
from analytics.config import Settings

DOCS = Path(__file__).parent
REFERENCE, CHANGELOG = DOCS / "reference" / "api.md", DOCS / "changelog.md"
HEAD = """\
# Every call

All calls with their fields, limits and answers, generated from the OpenAPI document that a server has at
`/openapi.json`. The [HTTP API](http.md) explains them by task. In names of fields, `[]` stands for
each item and `{}` for each name.
"""


def reference(document: Mapping[str, Any]) -> str:
    """The API reference as Markdown, of an OpenAPI document."""
    lines = [HEAD]
    calls = list(operations(document, EXAMPLE_URL))
    for tag in document["tags"]:
        lines.append(f"## {tag['name']}\n")
        for call in calls:
            if call["tag"] == tag["name"]:
                lines += _call(call)
    lines += ["## Error codes\n", *_table(("status", "code", "meaning"), _codes())]
    return "\n".join(lines)


def _call(call: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {call['method']} {call['path']} {{ #{call['id']} }}\n"
    yield f"**{call['summary']}.** {call['description']}\n"
    yield f"```bash\n{call['curl']}\n```\n"
    if call["parameters"]:
        yield from ("Parameters:\n", *_fields(call["parameters"]))
    if call.get("fields"):
        yield f"Body, as {', '.join(f'`{name}`' for name in call['media_types'])}. {call['forms']}\n"
        yield from _fields(call["fields"])
    for answer in call["answers"]:
        if answer["codes"]:
            yield f"**{answer['status']}** with the code {', '.join(f'`{code}`' for code in answer['codes'])}\n"
            continue
        yield f"**{answer['status']}** {answer['description']} `{answer['media_type']}`\n"
        if answer["example"]:
            yield f"```json\n{answer['example']}\n```\n"
        for shape in answer["shapes"]:
            yield f"{shape['about']}\n"
            yield from _fields(shape["fields"])


def _fields(rows: Iterable[FieldRow]) -> Iterator[str]:
    cells = ((f"`{row.name}`", row.type, "yes" if row.required else "", row.limits, row.about) for row in rows)
    yield from _table(("name", "type", "required", "limits", "meaning"), cells)


def _codes() -> Iterator[tuple[str, str, str]]:
    for status, codes in PROBLEMS.items():
        for code, meaning in codes.items():
            yield str(status), f"`{code}`", meaning


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    yield ""


def write() -> None:
    """Write the pages, with the default limits."""
    settings = Settings()
    document = json.loads(json.dumps(build_spec(settings.max_body, settings.max_batch)))
    REFERENCE.write_text(reference(document))
    CHANGELOG.write_text((DOCS.parent / "CHANGELOG.md").read_text())


if __name__ == "__main__":
    write()
