"""The Analytics Dashboard Service; imports nothing, so that a client library can live beside the server."""
