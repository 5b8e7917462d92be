"""Rows a second and processor time a row, beside others that send the same requests to the same service."""
