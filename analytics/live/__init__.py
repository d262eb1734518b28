"""Live updates: a hub encodes each message once, and sends it to clients through an outbox for each of them."""
