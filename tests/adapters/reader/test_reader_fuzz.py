"""Whatever a file holds: rows, or a refusal that says why. Never a traceback, a hang, or memory without end."""

import functools
import gzip
import io
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from checked_input import check_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import changes, inside_zip

from batchreset.adapters.reader import Rules, read_protected
from batchreset.errors import InputError, PlanRefusedError, RefusedError

MADE_ELSEWHERE = Path(__file__).parent / "made_elsewhere"
CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
CSV = f"""customer-tenant-id,user-id,forceChangePassword,"a ""note"", quoted"
{CUSTOMER},7c9e6679-7425-40de-944b-e07fc1f90ae7,true,"Zoë
two lines"
{CUSTOMER},{{9B2D3C1E-0000-4000-8000-00000000000A}},no,=1+1

{CUSTOMER},9b2d3c1e-0000-4000-8000-00000000000b,,
""".encode()
NDJSON = f"""{{"customer-tenant-id": "{CUSTOMER}", "user-id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "n": [{{}}]}}
{{"customer-tenant-id": "{CUSTOMER}", "user-id": "9b2d3c1e-0000-4000-8000-00000000000a", "n": "\\u00e9"}}
""".encode()
RULES = Rules(
    on_invalid="skip",
    max_rows=1_000,
    customers=frozenset(),
    protected_users=frozenset(),
    protected_customers=frozenset(),
    protected_upns=frozenset(),
)
MOST_SECONDS = 5.0
"""Of processor time for a file of a few kilobytes; a thousandth is usual."""
MOST_MEGABYTES = 700
"""What the memory of this process may grow by, all files together."""


@functools.cache
def parquet() -> bytes:
    written = io.BytesIO()
    frame = pl.read_csv(CSV, infer_schema=False).with_columns(
        number=pl.lit(7), list=pl.lit([1, 2]), text=pl.lit("x").cast(pl.Categorical)
    )
    frame.write_parquet(written)
    return written.getvalue()


@functools.cache
def excel() -> bytes:
    return next(path for path in sorted(MADE_ELSEWHERE.glob("*.xlsx"))).read_bytes()


ZSTD = bytes.fromhex(
    "28b52ffd604500e50500724c2924902779fff0dd9dc4dab6b20f44b5ec3f23cbbef702425b6b4ff736d2d6dc242774fd450766b73d72c83b"
    "9a1b8440002be33604b492b8bb9b0950021938049c817e54241872518dc3833438fbcbacbb9eb543e4e0eae79692f3bf4e9c1c69b12fa5de"
    "dddaefc495632da5f4e24421c6d055e2e6fc714b1e830a6c73de57b92c187bce5719cf31d8d937e5825256f007912124de4d09e7d3659f82"
    "6b64f12bcf5790952e2e070057843c169ee396011350d63a1843c95b4b13"
)
"""CSV, as the zstd program packs it."""


SEPARATORS = [b"\t", b";", b"|"]
ENDINGS = [".csv", ".ndjson", ".parquet", ".xlsx", ".csv.gz", ".jsonl.zst", ".exe", ""]


def changed(ending: str, sound: bytes) -> st.SearchStrategy[tuple[str, bytes]]:
    return changes().map(lambda change: (ending, change(sound)))


FILES = st.one_of(
    changed(".csv", CSV),
    changed(".csv", CSV.decode().encode("utf-16")),
    st.sampled_from(SEPARATORS).flatmap(lambda separator: changed(".tsv", CSV.replace(b",", separator))),
    changed(".ndjson", NDJSON),
    changed(".csv.gz", gzip.compress(CSV)),
    changed(".csv.zst", ZSTD),
    changed(".ndjson", NDJSON).map(lambda file: (".ndjson.gz", gzip.compress(file[1]))),
    st.deferred(lambda: changed(".parquet", parquet())),
    st.deferred(lambda: changed(".xlsx", excel())),
    st.builds(inside_zip, changes(), st.integers(0, 20)).map(lambda change: (".xlsx", change(excel()))),
    st.tuples(st.sampled_from(ENDINGS), st.binary()),
    st.tuples(st.sampled_from(ENDINGS), st.sampled_from([CSV, NDJSON, gzip.compress(CSV), ZSTD])),
)
"""A file's ending and what is in it: a sound one of that kind, changed outside or inside; or of another kind."""


def read_or_refused(ending: str, content: bytes) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"users{ending}"
        path.write_bytes(content)
        for refused in (refusal(lambda: check_file(path, RULES)), refusal(lambda: read_protected([str(path)]))):
            lines = refused.lines() if refused else []
            assert all(line.isprintable() and len(line) < 2_000 for line in lines), lines
            assert len(lines) < 50
    assert time.process_time() - began < MOST_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MOST_MEGABYTES << 10


def refusal(read: Callable[[], object]) -> RefusedError | None:
    """What the input was refused with, exit code 2; anything else passes, and fails the test."""
    try:
        read()
    except (InputError, PlanRefusedError) as refused:
        return refused
    return None


@given(FILES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_file_is_read_or_refused(file: tuple[str, bytes]) -> None:
    read_or_refused(*file)


@pytest.mark.torture
@given(FILES)
@settings(max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_of_many_more_files_is_read_or_refused(file: tuple[str, bytes]) -> None:
    read_or_refused(*file)


def test_the_sound_ones_are_read() -> None:
    """Else the others would be refused for what is wrong here."""
    with tempfile.TemporaryDirectory() as folder:
        for ending, content in {
            ".csv": CSV, ".ndjson": NDJSON, ".csv.gz": gzip.compress(CSV), ".csv.zst": ZSTD, ".parquet": parquet(),
        }.items():  # fmt: skip
            path = Path(folder) / f"users{ending}"
            path.write_bytes(content)
            assert check_file(path, RULES).reset_count >= 2, ending
        assert zipfile.is_zipfile(io.BytesIO(excel()))
