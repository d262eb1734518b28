"""The dashboard's snapshot: a pure builder and the ticker that runs it each second."""
