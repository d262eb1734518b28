"""The store of typed, labelled series: ids, an inverted index, and columns of figures by time bucket."""
