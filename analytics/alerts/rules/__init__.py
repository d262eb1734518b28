"""Rules: what an evaluation of an expression means for its alerts."""
