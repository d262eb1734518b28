"""Runs files in the format of Prometheus' promqltest: loads of series, evaluations, and what they expect."""
