"""What templates may cost."""

LONGEST_TEXT = 100_000
"""Characters that a template, or a function in it, may write."""
LONGEST_GIVEN = 1_000_000
"""Characters of the texts that a function is given."""
MOST_WORK = 10_000
"""Actions, calls of functions and turns of `range` of a template; a call with many characters counts more."""
CHARACTERS = 10_000
"""Characters that count as a call."""
SAMPLES = 10
"""Samples of queries that count as a call where a function is given them."""
LARGEST_ARGS = 10_000
"""Values and samples in a map that `args` makes, at all levels."""
MOST_INTEGER = 2**64
"""The largest integer that a template may have in it."""
DEEPEST = 50
"""Levels of `if`, `range` and `with`, and of templates that use others."""
