"""One module a format: from a text or a file to headers and batches of text."""
