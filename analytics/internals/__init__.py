"""Private parts of third-party packages that the service relies on: one file for each package.

The docstring of each file lists what it relies on, and the version with which that was verified. `tests/internals/`
checks each item against the installed version; `tests/test_architecture.py` keeps private names out of other files.
"""
