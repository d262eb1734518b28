"""The side of the server: starts and watches the store process, and asks it."""
