"""The figures that docs/performance.md quotes, each measured beside its baseline: `python -m bench`."""
