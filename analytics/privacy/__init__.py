"""Privacy: redacts what clients send, before it is recorded."""
