"""Private parts of third-party packages: one or a few files for each package, which list what they rely on.

Each also names the version with which that was verified. `tests/internals/`
checks each item against the installed version; `tests/test_architecture.py` keeps private names out of other files.
"""
