"""Files of the store: their layout, the manifest, writing, merging and retention."""
