"""HTTP clients behind the command line: log replay, import, export and the demo shop."""
