"""The long-term store as what closed buckets are written to, and older figures are read from."""
