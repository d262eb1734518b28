"""People: how they sign in other than by key, and what their groups may do."""
