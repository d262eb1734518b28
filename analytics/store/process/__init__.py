"""The store process: reads the journal, keeps the tail, writes files, answers questions."""
