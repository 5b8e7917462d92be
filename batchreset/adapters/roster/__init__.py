"""The roster: an input file of customers' users, whole or not at all."""

from batchreset.adapters.roster.spool import Spool
from batchreset.adapters.roster.writing import print_csv, refuse_destination, write_roster

__all__ = ["Spool", "print_csv", "refuse_destination", "write_roster"]
