"""Jobs: background work, under one supervisor that restarts failed jobs and reports on all of them."""
