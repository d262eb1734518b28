"""Templates to pieces: texts, and the tokens of the actions between `{{` and `}}`."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from analytics.templating.errors import BadTemplate

_ACTION = re.compile(
    r"""\{\{(-\s)?(/\*.*?\*/|(?:"(?:\\.|[^"\\\n])*"|`[^`]*`|(?!\}\}|\s-\}\})[^"`])*)(\s-)?\}\}""", re.DOTALL
)
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`)
    |(?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+))
    |(?P<variable>\$[A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    |(?P<fields>(?<=\))(?:\.[A-Za-z_][A-Za-z0-9_]*)+)
    |(?P<field>(?:\.[A-Za-z_][A-Za-z0-9_]*)+|\.)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>:=|=|\||\(|\)|,))""",
    re.VERBOSE,
)


class ActionToken(NamedTuple):
    """A part of an action; `kind` is the name of its group in the expression above; `fields` follow a parenthesis."""

    kind: str
    text: str


class Piece(NamedTuple):
    """A text, or the tokens of an action."""

    text: str
    action: list[ActionToken] | None = None


def pieces(template: str) -> Iterator[Piece]:
    """The pieces of a template, with white space trimmed where `{{-` and `-}}` ask for it.

    Raises:
        BadTemplate: an action is not closed, or has something that is no token.
    """
    at, trims = 0, False
    while True:
        begin = template.find("{{", at)
        text = template[at:] if begin < 0 else template[at:begin]
        text = text.lstrip() if trims else text
        if begin < 0:
            yield Piece(text)
            return
        found = _ACTION.match(template, begin)
        if found is None:
            raise BadTemplate(f"the action at character {begin + 1} is not closed by }}}}")
        yield Piece(text.rstrip() if found[1] else text)
        if not found[2].startswith("/*"):
            yield Piece("", list(_tokens(found[2])))
        at, trims = found.end(), bool(found[3])


def _tokens(action: str) -> Iterator[ActionToken]:
    at, action = 0, action.rstrip()
    while at < len(action):
        found = _TOKEN.match(action, at)
        if found is None:
            raise BadTemplate(f"{action[at:].strip()[:20]!r} is not understood")
        yield ActionToken(str(found.lastgroup), found[0].strip())
        at = found.end()
