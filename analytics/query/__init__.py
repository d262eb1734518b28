"""What reads ask: pure functions from the state and now to answers."""
