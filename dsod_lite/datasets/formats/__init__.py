"""The formats of labels that are read and written, one a file, and the table of them."""
