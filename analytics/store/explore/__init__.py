"""`POST /explore`: figures, funnels and retention over the events of the store, as SQL."""
