"""The ledger: intents, attempts, outcomes and sealed passwords in SQLite (WAL, `synchronous=FULL`)."""

from batchreset.adapters.ledger.group_commit import GroupCommit, WriteGroup, in_thread
from batchreset.adapters.ledger.history import RowHistory
from batchreset.adapters.ledger.reader import Ending, LastSession, LedgerReader, ResultValues
from batchreset.adapters.ledger.settling import Settling
from batchreset.adapters.ledger.spool import RecordSpool
from batchreset.adapters.ledger.store import LedgerStore

__all__ = [
    "Ending",
    "GroupCommit",
    "LastSession",
    "LedgerReader",
    "LedgerStore",
    "RecordSpool",
    "ResultValues",
    "RowHistory",
    "Settling",
    "WriteGroup",
    "in_thread",
]
