"""How large the values of templates are that have other ones in them."""

from typing import Any

from analytics.templating.errors import TemplateFailed
from analytics.templating.limits import LARGEST_ARGS


class Arguments(dict[str, Any]):
    """The map that `args` makes, with names such as `arg0`.

    Attributes:
        size: the number of values and samples in it, at all levels; the same one counts each time.

    Raises:
        TemplateFailed: they are too many.
    """

    def __init__(self, *values: Any) -> None:
        super().__init__((f"arg{number}", value) for number, value in enumerate(values))
        self.size = len(values) + sum(map(size_of, values))
        if self.size > LARGEST_ARGS:
            raise TemplateFailed(f"error calling args: it has more than {LARGEST_ARGS:,} values")


def size_of(value: Any) -> int:
    """The number of samples in the answer of a query, or of values in a map of arguments; 0 for all else."""
    if isinstance(value, Arguments):
        return value.size
    return len(value) if isinstance(value, list) else 0
