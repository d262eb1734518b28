"""Log lines and spans as tables: what asks about them, and where the tables come from."""
