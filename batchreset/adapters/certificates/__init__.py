"""Certificates that both sides of a connection show each other: whether their files can be used."""

from batchreset.adapters.certificates.checking import check_certificates

__all__ = ["check_certificates"]
