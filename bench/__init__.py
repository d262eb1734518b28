"""The figures that README.md quotes, each measured beside its baseline: `python -m bench`."""
