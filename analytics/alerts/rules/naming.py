"""Identifiers of rules in their group: the name of the alert or metric, with a number where it is there before."""

from collections.abc import Mapping, Sequence
from typing import Any


def named_rules(rules: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Identifier, name and body of each rule of a group: `Slow`, `Slow/2`."""
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    counts: dict[str, int] = {}
    for body in rules:
        name = body.get("alert") or body["record"]
        counts[name] = counts.get(name, 0) + 1
        found.append((name if counts[name] == 1 else f"{name}/{counts[name]}", name, body))
    return found
