"""Imports of old events, which go to the files of the store without passing through the journal."""
