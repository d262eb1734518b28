"""The filter language: text to a tree, and the tree to a selection in memory or to SQL; both find the same records."""
