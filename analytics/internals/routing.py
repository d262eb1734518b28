"""Rules of routes that do not compile what would build their URLs.

Verified with werkzeug 3.1.9. The service relies on these:

- `Rule.compile` calls `self._compile_builder(append_unknown)` twice, and keeps the two functions, which take the rule
  and values by name. Only `build` calls them; matching a path does not. Compiling them takes most of the time of adding
  a rule, and 3 KB.
- `Flask.url_rule_class` makes the rules of an application.
"""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LightRule(Rule):
    """A rule that compiles what builds its URL whenever that is asked for; the service itself builds none."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_builder = super()._compile_builder

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return compile_builder(append_unknown)(rule, **values)

        return build
