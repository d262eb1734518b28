"""Templates as texts to what writes them.

Source: pkg.go.dev/text/template
"""

from analytics.templating import writers
from analytics.templating.errors import BadTemplate
from analytics.templating.expressions import Expression, Functions, constant_of, pipeline
from analytics.templating.limits import DEEPEST
from analytics.templating.scanning import ActionToken, pieces
from analytics.templating.writers import Writer

_OPENING = ("if", "range", "with")
Tokens = list[ActionToken]


class TemplateParser:
    """Reads one template.

    Attributes:
        defined: the templates that it defines, by their names.
    """

    def __init__(self, text: str, functions: Functions) -> None:
        self._waiting, self._functions = pieces(text), functions
        self._depth = self._ranges = 0
        self.defined: dict[str, Writer] = {}

    def all(self) -> list[Writer]:
        """What writes the template.

        Raises:
            BadTemplate: it is not valid.
            RecursionError: an expression is nested too deeply.
        """
        found, end = self._block()
        if end is not None:
            raise BadTemplate(f"unexpected {{{{ {end[0].text} }}}}")
        return found

    def _block(self) -> tuple[list[Writer], Tokens | None]:
        """The parts until `end` or `else`, and the tokens of that action; None at the end of the text."""
        found: list[Writer] = []
        for piece in self._waiting:
            if piece.action is None:
                if piece.text:
                    found.append(writers.constant(piece.text))
                continue
            if not piece.action:
                raise BadTemplate("an action is empty")
            word = piece.action[0].text if piece.action[0].kind == "word" else ""
            if word in ("end", "else"):
                return found, piece.action
            write = self._action(word, piece.action)
            if write is not None:
                found.append(writers.counted(write))
        return found, None

    def _inner(self) -> tuple[list[Writer], Tokens | None]:
        """A block within another one."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadTemplate(f"is nested deeper than {DEEPEST} levels")
        found = self._block()
        self._depth -= 1
        return found

    def _action(self, word: str, tokens: Tokens) -> Writer | None:
        """What writes an action; None for a definition."""
        if word in _OPENING:
            return self._opened(word, tokens[1:])
        if word == "define":
            self._define(tokens)
            return None
        if word in ("template", "block"):
            return self._use(word, tokens)
        if word in ("break", "continue") and len(tokens) == 1:
            if not self._ranges:
                raise BadTemplate(f"{{{{ {word} }}}} is not in a range")
            return writers.leaving(is_break=word == "break")
        if len(tokens) > 1 and tokens[0].kind == "variable" and tokens[1] == ("sign", "="):
            return writers.assigning(tokens[0].text, pipeline(tokens[2:], self._functions))
        names, expression = self._declared(tokens)
        return writers.declaring(names[0], expression) if names else writers.showing(expression)

    def _opened(self, word: str, tokens: Tokens) -> Writer:
        """An `if`, `range` or `with`, up to its `end`."""
        names, expression = self._declared(tokens)
        self._ranges += word == "range"
        body, end = self._inner()
        self._ranges -= word == "range"
        otherwise: list[Writer] = []
        if end is not None and end[0].text == "else":
            if len(end) > 1:
                if word == "range" or end[1].text not in ("if", "with"):
                    raise BadTemplate("unexpected words after else")
                self._depth += 1
                otherwise, end = [self._opened(end[1].text, end[2:])], [ActionToken("word", "end")]
                self._depth -= 1
            else:
                otherwise, end = self._inner()
        _check_end(word, end)
        if word == "range":
            return writers.ranging(names, expression, body, otherwise)
        return writers.choosing(names, expression, body, otherwise, sets_dot=word == "with")

    def _define(self, tokens: Tokens) -> None:
        """A template with a name, up to its `end`."""
        if self._depth or len(tokens) != 2:
            raise BadTemplate("{{ define }} takes a name in quotes, and stands in no other block")
        name = _name(tokens)
        body, end = self._inner()
        _check_end("define", end)
        self.defined[name] = writers.all_of(body)

    def _use(self, word: str, tokens: Tokens) -> Writer:
        """The place of a template with a name; `block` defines it, too."""
        name = _name(tokens)
        dot = pipeline(tokens[2:], self._functions) if len(tokens) > 2 else None
        if word == "block":
            ranges, self._ranges = self._ranges, 0
            body, end = self._inner()
            self._ranges = ranges
            _check_end("block", end)
            self.defined.setdefault(name, writers.all_of(body))
        return writers.using(name, dot)

    def _declared(self, tokens: Tokens) -> tuple[list[str], Expression]:
        """The variables that a pipeline declares, `$a, $b :=`, and the pipeline."""
        if ("sign", ":=") in tokens:
            place = tokens.index(ActionToken("sign", ":="))
            names = [token.text for token in tokens[:place] if token.kind == "variable"]
            if len(names) not in (1, 2) or len(tokens[:place]) != 2 * len(names) - 1:
                raise BadTemplate("a variable is missing before :=")
            return names, pipeline(tokens[place + 1 :], self._functions)
        return [], pipeline(tokens, self._functions)


def _name(tokens: Tokens) -> str:
    """The name of a template, which stands in quotes after the first word."""
    if len(tokens) < 2 or tokens[1].kind != "text":
        raise BadTemplate(f"{tokens[0].text} takes a name in quotes")
    return constant_of(tokens[1])


def _check_end(word: str, end: Tokens | None) -> None:
    if end is None or end[0].text != "end" or len(end) > 1:
        raise BadTemplate(f"{{{{ {word} }}}} is not closed by {{{{ end }}}}")
