"""Error answers in the shape of each protocol."""
