"""Every SQL statement of the ledger, named. Times are integers: milliseconds since 1970, UTC.

A row's *generation* counts its passwords. Its outcome is valid while no later generation has been noted: a row that is
taken up again is open from the moment its new intent is committed.
"""

from typing import Final

NOTE_WRITER: Final = (
    "INSERT INTO writer VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET version = excluded.version"
    " WHERE version <> excluded.version"
)
WRITER: Final = "SELECT version FROM writer"

BEGIN_SESSION: Final = "INSERT INTO sessions (began_at, pid, host, lease_ms) VALUES (?, ?, ?, ?) RETURNING session"
UNENDED_LEASE: Final = """
SELECT coalesce(max(s.lease_ms), 0) FROM sessions s
WHERE s.ended_at IS NULL AND s.lease_ms > 0 AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.session > s.session)
"""
"""Of sessions that were killed. Who noted an intent later had waited before that."""
SESSION_MARKS: Final = "SELECT session, began_at, pid, host FROM sessions ORDER BY session DESC LIMIT ?"
END_SESSION: Final = "UPDATE sessions SET ended_at = ?, stop_reason = ?, exit_code = ? WHERE session = ?"

BEGIN_GROUP: Final = "BEGIN IMMEDIATE"
ADD_SEALED: Final = "INSERT INTO sealed (blob) VALUES (?) RETURNING sealed"
ADD_INTENTS: Final = "INSERT INTO intents (row, generation, session, sealed, request_id, noted_at) VALUES "
_ATTEMPT: Final = (
    "row, number, generation, verdict, unclear, http_status, error_code, error_description, correlation_id, request_id,"
    " sent_at, ended_at, sent_correlation_id"
)
ADD_ATTEMPTS: Final = f"INSERT INTO attempts ({_ATTEMPT}) VALUES "
ADD_ATTEMPTS_OF: Final = f"INSERT INTO attempts ({_ATTEMPT}, sender) VALUES "
"""The same with who sent them."""
ADD_ENDINGS: Final = "INSERT INTO outcomes VALUES "

# A row that succeeded, of which records make every password a possible one.
_REASON: Final = """iif(o.outcome = 'succeeded' AND o.row IN (
  SELECT c.row FROM certainties c WHERE c.certainty = 'possible'
  AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.row = c.row
                  AND i.generation > (SELECT max(m.generation) FROM certainties m WHERE m.row = c.row))
), 'doubted', o.reason)"""

# Few rows have had another password: who has not (and has had one) need not be looked up among the intents.
_VALID: Final = """NOT (
  (o.generation = 0 OR o.row IN (SELECT row FROM intents WHERE generation > 1))
  AND EXISTS (SELECT 1 FROM intents i WHERE i.row = o.row AND i.generation > o.generation)
)"""

SETTLED: Final = f"SELECT o.row, o.outcome, o.reason FROM outcomes o WHERE {_VALID}"
"""Rows whose last word is an outcome."""

# An intent was cut off when its session neither gave it an outcome, nor went on to another password for the row, nor
# ended in order: whatever was under way at that moment is not in the ledger. That a later session left the row out
# settles the row, and says nothing of what was under way; neither does what records made of it.
_CUT_OFF: Final = """
SELECT i.row, i.generation FROM intents i JOIN sessions s USING (session)
WHERE s.ended_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.row = i.row AND o.generation = i.generation
                  AND coalesce(o.reason, '') NOT IN ('protected', 'invalid', 'reconciled'))
  AND NOT EXISTS (SELECT 1 FROM settlements t WHERE t.row = i.row AND t.generation = i.generation
                  AND t.was_outcome IS NOT NULL AND coalesce(t.was_reason, '') NOT IN ('protected', 'invalid'))
  AND NOT EXISTS (SELECT 1 FROM intents later
                  WHERE later.row = i.row AND later.generation > i.generation AND later.session = i.session)
"""

# What records made possible although the answers had ruled it out.
_POSSIBLE: Final = "SELECT c.row, c.generation FROM certainties c WHERE c.certainty IN ('possible', 'in_force')"

UNCLEAR: Final = f"""
SELECT row, generation FROM attempts WHERE unclear = 1 AND row BETWEEN ?1 AND ?2
UNION
{_CUT_OFF} AND i.row BETWEEN ?1 AND ?2
UNION
{_POSSIBLE} AND c.row BETWEEN ?1 AND ?2
"""
"""Of these rows: (row, generation) of every password that was sent, or perhaps sent, without a clear yes or no; an
exchange that became clear by a later one of the same generation is among them."""

KNOWN: Final = f"""
SELECT i.row, i.generation,
       (SELECT count(*) FROM attempts a WHERE a.row = i.row),
       EXISTS (SELECT 1 FROM attempts a WHERE a.row = i.row AND a.unclear = 1)
         OR i.row IN (SELECT row FROM ({_CUT_OFF}))
         OR EXISTS (SELECT 1 FROM ({_POSSIBLE}) p WHERE p.row = i.row),
       (SELECT min(a.sent_at) FROM attempts a WHERE a.row = i.row),
       (SELECT o.outcome FROM outcomes o WHERE o.row = i.row AND o.generation = i.generation)
FROM (SELECT row, max(generation) AS generation FROM intents x
      WHERE NOT EXISTS (SELECT 1 FROM outcomes o
                        WHERE o.row = x.row AND o.generation >= x.generation AND o.outcome = 'succeeded')
      GROUP BY row) i
ORDER BY i.row
"""
"""What is known of rows that have not succeeded: row, generations, exchanges, unclear, first sent, outcome."""

ENDED_BETWEEN: Final = f"""
SELECT o.row, o.outcome, {_REASON}, a.http_status, a.error_code, a.error_description, a.correlation_id, a.request_id,
       o.attempts, o.first_sent_at, iif(o.first_sent_at IS NULL, NULL, o.completed_at)
FROM outcomes o LEFT JOIN attempts a ON a.row = o.row AND a.number = o.attempts
WHERE o.row BETWEEN ? AND ?
  AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.row = o.row AND i.generation > o.generation)
"""

OPEN_BETWEEN: Final = f"""
SELECT i.row,
       EXISTS (SELECT 1 FROM attempts a WHERE a.row = i.row AND a.unclear = 1)
         OR EXISTS (SELECT 1 FROM ({_CUT_OFF}) c WHERE c.row = i.row)
         OR EXISTS (SELECT 1 FROM ({_POSSIBLE}) p WHERE p.row = i.row),
       a.http_status, a.error_code, a.error_description, coalesce(a.correlation_id, ''),
       coalesce(a.request_id, i.request_id), coalesce(a.number, 0),
       coalesce((SELECT min(f.sent_at) FROM attempts f WHERE f.row = i.row), i.noted_at), a.ended_at, a.verdict
FROM (SELECT row, max(generation) AS generation, request_id, noted_at FROM intents x
      WHERE row BETWEEN ? AND ?
        AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.row = x.row AND o.generation >= x.generation)
      GROUP BY row) i
LEFT JOIN attempts a ON a.row = i.row AND a.number = (SELECT max(number) FROM attempts n WHERE n.row = i.row)
"""
"""Rows that were noted and have no outcome, with their last attempt where there was one."""

GENERATIONS: Final = "SELECT row, max(generation) FROM intents WHERE row BETWEEN ? AND ? GROUP BY row"
LAST_COMPLETED: Final = "SELECT max(completed_at) FROM outcomes WHERE first_sent_at IS NOT NULL"
SEALED: Final = "SELECT blob FROM sealed WHERE sealed = ?"
FIRST_SEALED: Final = "SELECT min(sealed) FROM sealed"
SEALED_BETWEEN: Final = (
    "SELECT DISTINCT sealed FROM intents WHERE sealed IS NOT NULL AND row BETWEEN ? AND ? ORDER BY sealed"
)
SEALED_ROWS: Final = "SELECT row, sealed FROM intents WHERE sealed IS NOT NULL AND row BETWEEN ? AND ?"
SEALED_SIZE: Final = """
SELECT (SELECT coalesce(sum(length(blob)), 0) FROM sealed), (SELECT count(*) FROM intents WHERE sealed IS NOT NULL)
"""

LAST_SESSION: Final = "SELECT ended_at, stop_reason, exit_code, pid, host FROM sessions ORDER BY session DESC LIMIT 1"
TOTALS: Final = f"""
SELECT o.outcome, {_REASON}, count(*) FROM outcomes o WHERE {_VALID} GROUP BY 1, 2
"""
ATTEMPT_TOTALS: Final = "SELECT verdict, count(*) FROM attempts GROUP BY 1"
THROTTLED: Final = "SELECT count(*) FROM attempts WHERE verdict = 'throttled'"

ASKED_MOMENTS: Final = """
SELECT min(sent_at), max(ended_at) FROM attempts GROUP BY sent_at / 86400000
UNION
SELECT min(noted_at), max(noted_at) FROM intents GROUP BY noted_at / 86400000
"""
"""Of each day on which something was sent, or noted: its first and last moment."""
HISTORY_PASSWORDS: Final = f"""
SELECT i.row, i.generation, i.noted_at, c.row IS NOT NULL, i.request_id
FROM intents i
LEFT JOIN ({_CUT_OFF} AND i.row BETWEEN ?1 AND ?2) c ON c.row = i.row AND c.generation = i.generation
WHERE i.row BETWEEN ?1 AND ?2 ORDER BY i.row, i.generation
"""
HISTORY_ATTEMPTS: Final = """
SELECT row, generation, verdict, unclear, coalesce(sent_correlation_id, correlation_id), sent_at, ended_at FROM attempts
WHERE row BETWEEN ? AND ? ORDER BY row, number
"""
HISTORY_OUTCOMES: Final = """
SELECT o.row, o.outcome, t.row IS NOT NULL, t.was_outcome
FROM outcomes o LEFT JOIN settlements t ON t.row = o.row AND t.generation = o.generation
WHERE o.row BETWEEN ? AND ?
  AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.row = o.row AND i.generation > o.generation)
"""
"""Valid outcomes, each with the one that answers had led to where records settled it."""
HISTORY_RECORDS: Final = """
SELECT row, correlation_id, status, recorded_at, is_reset, recorded_by FROM records WHERE row BETWEEN ? AND ?
"""
CERTAINTIES: Final = """
SELECT c.row, c.generation, c.certainty FROM certainties c
WHERE c.row BETWEEN ? AND ?
  AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.row = c.row
                  AND i.generation > (SELECT max(m.generation) FROM certainties m WHERE m.row = c.row))
"""

ADD_RECORD: Final = "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?)"
CLEAR_CERTAINTIES: Final = "DELETE FROM certainties"
ADD_CERTAINTY: Final = "INSERT INTO certainties VALUES (?, ?, ?)"
NOTE_SETTLEMENT: Final = """
INSERT OR IGNORE INTO settlements
SELECT i.row, i.generation, o.outcome, o.reason, ?
FROM (SELECT row, max(generation) AS generation FROM intents WHERE row = ?) i
LEFT JOIN outcomes o ON o.row = i.row AND o.generation = i.generation
"""
"""Once: what a second reconciliation finds is not what answers had led to."""
SETTLE: Final = """
INSERT INTO outcomes
SELECT i.row, i.generation, ?, 'reconciled', (SELECT count(*) FROM attempts a WHERE a.row = i.row),
       coalesce((SELECT min(a.sent_at) FROM attempts a WHERE a.row = i.row), i.noted_at),
       coalesce((SELECT max(a.ended_at) FROM attempts a WHERE a.row = i.row), i.noted_at)
FROM (SELECT row, max(generation) AS generation, noted_at FROM intents WHERE row = ?) i
WHERE true
ON CONFLICT (row, generation) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason
"""
"""Its times stay as they were: of the requests, not of the reconciliation. Of a request that was under way when a
process was killed, when it was noted is all that is known."""
UNSETTLE: Final = (
    """
UPDATE outcomes SET (outcome, reason) = (SELECT t.was_outcome, t.was_reason FROM settlements t
                                         WHERE t.row = outcomes.row AND t.generation = outcomes.generation)
WHERE row = :row AND EXISTS (SELECT 1 FROM settlements t WHERE t.row = outcomes.row
                             AND t.generation = outcomes.generation AND t.was_outcome IS NOT NULL)
""",
    """
DELETE FROM outcomes WHERE row = :row AND EXISTS (SELECT 1 FROM settlements t WHERE t.row = outcomes.row
                                                  AND t.generation = outcomes.generation AND t.was_outcome IS NULL)
""",
    """
DELETE FROM settlements WHERE row = :row AND generation = (SELECT max(i.generation) FROM intents i WHERE i.row = :row)
""",
)
"""Records that came later speak against the earlier ones: what answers had led to holds again."""

ENDINGS_BETWEEN: Final = f"""
SELECT o.row, o.outcome, {_REASON}, o.attempts FROM outcomes o
WHERE o.row BETWEEN ? AND ?
  AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.row = o.row AND i.generation > o.generation)
"""
"""As ENDED_BETWEEN, and only what is counted."""

SESSIONS: Final = "SELECT session, began_at, ended_at, stop_reason FROM sessions ORDER BY 1"
LONGEST_LEASE: Final = "SELECT coalesce(max(lease_ms), 0) FROM sessions"
EXCHANGES: Final = """
SELECT i.session, coalesce(a.sender, ''), a.verdict, count(*), count(a.http_status), min(a.sent_at), max(a.ended_at)
FROM attempts a JOIN intents i USING (row, generation) GROUP BY 1, 2, 3
"""
"""All of them once: sessions, senders and verdicts are each a sum of these."""

# The first parameter: JSON, [[session, its first exchange's time] …]; the second: milliseconds of a bar.
_BEGINNINGS: Final = "(SELECT value ->> 0 AS session, value ->> 1 AS began FROM json_each(?))"
_BAR: Final = "SELECT i.session, max(0, a.sent_at - b.began) / ?, a.verdict, count(*)"
BARS: Final = f"""
WITH b AS {_BEGINNINGS}
{_BAR} FROM attempts a JOIN intents i USING (row, generation) JOIN b USING (session)
GROUP BY 1, 2, 3
"""
BARS_OF_ROWS: Final = f"""
WITH b AS {_BEGINNINGS}
{_BAR} FROM json_each(?) r CROSS JOIN attempts a ON a.row = r.value JOIN intents i USING (row, generation)
JOIN b USING (session)
GROUP BY 1, 2, 3
"""
"""The third parameter: JSON, row numbers."""

ANSWER_TIMES: Final = """
SELECT verdict, max(0, ended_at - sent_at), count(*) FROM attempts WHERE http_status IS NOT NULL GROUP BY 1, 2
"""
