"""A parser for each format: from the file's text or the file itself to headers and bounded batches of text."""
