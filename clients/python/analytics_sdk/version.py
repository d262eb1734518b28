"""The version of the service and of its clients, which pyproject.toml reads here."""

VERSION = "0.2.0"
