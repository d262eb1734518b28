"""The agent of `analytics ship`: follows files and standard input, and sends their lines to the service."""
