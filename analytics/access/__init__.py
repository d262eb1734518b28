"""Access: the steps that every request passes before it reaches the application."""
