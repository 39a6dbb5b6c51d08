"""One kind of data source a file: rows out, nothing in."""
