"""The live edge: one hub that encodes each message once, and an outbox and a writer for each client."""
