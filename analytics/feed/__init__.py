"""What feeds the service from outside: log replay and a demo shop, both speaking only HTTP to it."""
