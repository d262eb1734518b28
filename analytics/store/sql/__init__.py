"""`POST /sql`: one SELECT over the store, checked node by node and run in a locked-down process of its own."""
