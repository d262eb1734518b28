"""The page /docs, from the OpenAPI document; loaded with the first request for it."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup, escape

from analytics.api.codes import PROBLEMS
from analytics.api.references import resolve
from analytics.api.templates import TEMPLATES, filled
from analytics.doors.media import JSON_TYPE


class FieldRow(NamedTuple):
    """One field or parameter, as shown on the page."""

    name: str
    type: str
    required: bool
    limits: str
    about: str


def render(document: dict[str, Any], url: str) -> tuple[str, str]:
    """The page as HTML, with `url` as the server's address in its examples, and its content security policy."""
    style = (TEMPLATES / "docs.css").read_text("utf-8").rstrip("\n")
    html = filled(
        "docs.html",
        document=document,
        operations=list(operations(document, url)),
        problems=PROBLEMS,
        style=Markup(style),  # a file of ours  # noqa: S704  # nosec
        prose=prose,
    )
    style_hash = b64encode(sha256(style.encode()).digest()).decode()
    return html, f"default-src 'none'; style-src 'sha256-{style_hash}'; base-uri 'none'; form-action 'none'"


def prose(text: str) -> Markup:
    """`text` as HTML, with text in backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def operations(document: Mapping[str, Any], url: str) -> Iterator[dict[str, Any]]:
    """All operations in the order of the document, as shown on the page."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {})
            yield {
                **operation,
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "tag": operation["tags"][0],
                "parameters": [parameter_row(parameter) for parameter in operation.get("parameters", ())],
                **_body(document, body.get("content", {}), body.get("description", "")),
                "curl": curl(method, url, path, operation),
                "answers": [_answer(document, status, response) for status, response in operation["responses"].items()],
            }


def rows(
    document: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = "", within: frozenset[str] = frozenset()
) -> Iterator[FieldRow]:
    """Fields of an object and of its nested objects, depth first; `[]` stands for each item, `{}` for each name.

    Objects `within` which this one is are not followed again.
    """
    reference = schema.get("$ref", "")
    if reference and reference in within:
        return
    within |= {reference}
    schema = resolve(document, schema["$ref"]) if "$ref" in schema else schema
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        held = resolve(document, part["$ref"]) if "$ref" in part else part
        path = f"{prefix}{name}"
        yield FieldRow(path, _type(held), name in required, _limits(held), part.get("description", ""))
        if "items" in held:
            yield from rows(document, held["items"], f"{path}[].", within)
        elif "$ref" in (held.get("additionalProperties") or {}):
            yield from rows(document, held["additionalProperties"], f"{path}.{{}}.", within)
        else:
            yield from rows(document, held, f"{path}.", within)


def parameter_row(parameter: Mapping[str, Any]) -> FieldRow:
    """FieldRow of a path or query parameter."""
    schema = parameter["schema"]
    type_ = "string" if "patternProperties" in schema else _type(schema)
    return FieldRow(
        parameter["name"], type_, parameter.get("required", False), _limits(schema), parameter.get("description", "")
    )


def curl(method: str, url: str, path: str, operation: Mapping[str, Any]) -> str:
    """Command line that calls the operation with the examples of the document."""
    pairs = []
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", parameter["schema"]["examples"][0])
        elif "example" in parameter:
            example = parameter["example"]
            values = example if isinstance(example, list) else [example]
            pairs += [f"{quote(parameter['name'])}={quote(str(value), safe=':/,')}" for value in values]
    url += path + ("?" + "&".join(pairs) if pairs else "")
    if method == "get":
        return f'curl "{url}"'
    if "requestBody" not in operation:
        return f'curl -X {method.upper()} "{url}"'
    if not _is_our_own(operation["requestBody"]["content"]):
        return _curl_of_text(method, url, operation["requestBody"]["content"])
    content = operation["requestBody"]["content"][JSON_TYPE]
    payload = json.dumps(content["examples"]["one"]["value"], indent=2)
    return f"curl -X {method.upper()} {url} \\\n  -H \"Content-Type: {JSON_TYPE}\" \\\n  -d '{payload}'"


def _is_our_own(content: Mapping[str, Any]) -> bool:
    """Whether a body has our own records, rather than those of another protocol."""
    return "examples" in content.get(JSON_TYPE, {})


def _curl_of_text(method: str, url: str, content: Mapping[str, Any]) -> str:
    media_type, held = next(iter(content.items()))
    example = held.get("example")
    text = example if isinstance(example, str) else json.dumps(example, indent=2)
    payload = f"'{text}'" if "example" in held else "@request.bin"
    return f'curl -X {method.upper()} {url} \\\n  -H "Content-Type: {media_type}" \\\n  --data-binary {payload}'


def _body(document: Mapping[str, Any], content: Mapping[str, Any], about: str) -> dict[str, Any]:
    if not content:
        return {}
    if not _is_our_own(content):
        return {"media_types": list(content), "forms": about, "fields": []}
    schema = resolve(document, content[JSON_TYPE]["schema"]["$ref"])
    one, *others = schema.get("oneOf", [schema])
    return {
        "media_types": list(content),
        "forms": schema["description"] if others else "One object.",
        "fields": list(rows(document, one)),
    }


def _answer(document: Mapping[str, Any], status: str, response: Mapping[str, Any]) -> dict[str, Any]:
    contents: Mapping[str, Any] = response.get("content", {})
    content: Mapping[str, Any] = next(iter(contents.values()), {"schema": {}})
    schema = content["schema"]
    shapes = [] if "x-error-codes" in response else schema.get("oneOf", [schema])
    return {
        "status": status,
        "codes": response.get("x-error-codes", []),
        "description": response["description"],
        "headers": list(response.get("headers", ())),
        "media_type": ", ".join(contents),
        "shapes": [
            {"about": resolve(document, shape["$ref"])["description"], "fields": list(rows(document, shape))}
            for shape in shapes
            if "$ref" in shape
        ],
        "example": json.dumps(content["example"], indent=2) if "example" in content else "",
    }


def _type(schema: Mapping[str, Any]) -> str:
    types = schema.get("type", "object")
    named = [types] if isinstance(types, str) else list(types)
    if "format" in schema:
        named[0] = schema["format"]
    if named[0] == "array":
        item = schema["items"]
        named[0] = "array of " + ("objects" if "$ref" in item else f"{item.get('type', 'value')}s")
    return " or ".join(named)


def _limits(schema: Mapping[str, Any]) -> str:
    limits = []
    if "maxLength" in schema and "enum" not in schema:
        least = schema["minLength"]
        limits.append(f"{f'{least} to' if least else 'at most'} {schema['maxLength']} characters")
    if "maxProperties" in schema:
        limits.append(f"at most {schema['maxProperties']}")
    if "enum" in schema:
        limits.append("one of " + ", ".join(f"`{value}`" for value in schema["enum"]))
    if "minimum" in schema and "maximum" in schema:
        limits.append(f"{schema['minimum']:,} to {schema['maximum']:,}")
    if schema.get("default") is not None:
        limits.append(f"default {schema['default']}")
    return "; ".join(limits)
