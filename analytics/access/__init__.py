"""Access: the steps that every request passes before anything else looks at it."""
