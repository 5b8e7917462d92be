"""The files in sample_inputs/: those that programs make, and what the program makes of each.

`python -m samples` makes anew what is made (incident.parquet, the workbooks, expected/); tests compare.
"""

import csv
import gzip
import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import polars as pl
from acceptance_world import Finished, World, world

from batchreset.simulator.options import SimulatorOptions

TOP: Final = Path(__file__).parents[2]
SAMPLES: Final = TOP / "sample_inputs"
EXPECTED: Final = SAMPLES / "expected"
REFUSED: Final = SAMPLES / "refused"
STEADY: Final = (
    "row", "customer-tenant-id", "user-id", "forceChangePassword", "outcome", "reason", "http_status", "error_code",
    "advice",
)  # fmt: skip
"""Columns of the results that are the same each time."""
VARYING: Final = frozenset({
    "error_description", "ms_correlation_id", "ms_request_id", "attempts", "first_sent_at", "completed_at",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One input, and how sample_inputs/README.md says to try it.

    Attributes:
        name: the file's.
        flags: after `batchreset run FILE`.
        exit_code: what comes of it.
    """

    name: str
    flags: tuple[str, ...] = ()
    exit_code: int = 0

    @property
    def stem(self) -> str:
        """Of the files in expected/."""
        return self.name.removesuffix(".csv").replace(".", "-")


MESSY_FLAGS: Final = (
    "--on-invalid", "skip", "--protected", "sample_inputs/break-glass.csv",
    "--customer", "6513270e-269e-4d37-b2a7-4de452e6b438", "--customer", "d23f0824-128b-4f33-8c5c-7fd0a6a3a450",
    "--customer", "36f675cc-81e7-4ef5-a8e2-5d940ed90475",
)  # fmt: skip
REFUSED_FLAGS: Final = ("--on-invalid", "skip", "--password-kind", "discard")
ALL: Final = (
    Sample(name="small.csv"),
    Sample(name="incident.csv", exit_code=3),
    Sample(name="messy.csv", flags=MESSY_FLAGS),
    Sample(name="messy.xlsx", flags=MESSY_FLAGS),
    Sample(
        name="offboarding.csv",
        flags=(
            "--job",
            "jobs/offboarding.toml",
            "--protected",
            "sample_inputs/break-glass.csv",
            "--keyvault",
            "",
        ),
    ),
)


def missing_users() -> frozenset[str]:
    """Those that the demonstration's simulator does not know."""
    users = pl.read_csv(SAMPLES / "incident.csv")["user-id"].to_list()
    return frozenset(users[50::100])


def service() -> SimulatorOptions:
    """Without faults: those of the demonstration change how often a row is sent, not how it ends."""
    return SimulatorOptions(missing_users=missing_users())


def carry_out(made: World, sample: Sample) -> Finished:
    """The command of README, from a folder in which the samples lie; the run's id is the sample's stem."""
    for name in ("sample_inputs", "jobs"):
        link = made.folder / name
        if not link.exists():
            link.symlink_to(TOP / name)
    return made.batchreset("run", f"sample_inputs/{sample.name}", *sample.flags, "--yes", "--run-id", sample.stem)


def steady(results: Path) -> str:
    """The results without what varies, as CSV."""
    with results.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        columns = [name for name in lines.fieldnames or () if name not in VARYING]
        written = io.StringIO(newline="")
        writer = csv.DictWriter(written, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return written.getvalue()


def refusals(made: World) -> Iterator[tuple[str, Finished]]:
    """Each file of refused/, and what is said of it."""
    for path in sorted(REFUSED.iterdir()):
        shown = path.relative_to(TOP).as_posix()
        yield path.name, made.batchreset("plan", shown, *REFUSED_FLAGS)


def told_of_refusals(made: World) -> str:
    """All of them, as on a terminal."""
    return "\n".join(
        f"$ batchreset plan sample_inputs/refused/{name} {' '.join(REFUSED_FLAGS)}\n{refused.stderr}"
        for name, refused in refusals(made)
    )


def text_cell(address: str, text: str) -> str:
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def number_cell(address: str, number: float) -> str:
    return f'<c r="{address}"><v>{number:g}</v></c>'


def truth_cell(address: str, *, truth: bool) -> str:
    return f'<c r="{address}" t="b"><v>{int(truth)}</v></c>'


def workbook(**sheets: str) -> bytes:
    """A workbook of these sheets: the rows of each, as XML. Not packed, and so of the same bytes each time."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbered = list(enumerate(sheets.items(), 1))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{types}.worksheet+xml"/>'
            for at, _ in numbered
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        + "".join(f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>' for at, (name, _) in numbered)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(
            f'<Relationship Id="r{at}" Type="{office}/worksheet" Target="worksheets/sheet{at}.xml"/>'
            for at, _ in numbered
        )
        + "</Relationships>",
        **{
            f"xl/worksheets/sheet{at}.xml": f'<worksheet xmlns="{main}">{content}</worksheet>'
            for at, (_, content) in numbered
        },
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, xml in parts.items():
            archive.writestr(zipfile.ZipInfo(name), f'<?xml version="1.0" encoding="UTF-8"?>{xml}')
    return file.getvalue()


def rows(*lines: Sequence[str], first: int = 1, hidden: int = 0, after: str = "") -> str:
    """A sheet of texts; a cell that is XML already stays as it is. `hidden`: a row that is not shown."""
    made = [
        f'<row r="{number}" hidden="{int(number == hidden)}">'
        + "".join(
            cell if cell.startswith("<c ") else text_cell(f"{chr(64 + column)}{number}", cell)
            for column, cell in enumerate(line, 1)
            if cell
        )
        + "</row>"
        for number, line in enumerate(lines, first)
    ]
    return f"<sheetData>{''.join(made)}</sheetData>{after}"


def make() -> Iterator[tuple[Path, bytes]]:
    """What a program makes, in the order in which it must be made."""
    table = pl.read_csv(SAMPLES / "incident.csv", infer_schema=False)
    packed = io.BytesIO()
    table.write_parquet(packed, compression="zstd")
    yield SAMPLES / "incident.parquet", packed.getvalue()
    yield from small_in_other_kinds()
    yield from workbooks()
    yield from damaged()
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), service()) as made:
        for sample in ALL:
            ended = carry_out(made, sample)
            if ended.code != sample.exit_code:
                raise SystemExit(f"{sample.name}: exit {ended.code}\n{ended.stdout}{ended.stderr}")
            run = made.runs / sample.stem
            yield EXPECTED / f"{sample.stem}.csv", steady(run / "results.csv").encode()
            if (run / "problems.csv").exists():
                yield EXPECTED / f"{sample.stem}.problems.csv", (run / "problems.csv").read_bytes()
        yield EXPECTED / "refused.txt", told_of_refusals(made).encode()


def small_in_other_kinds() -> Iterator[tuple[Path, bytes]]:
    """small.csv as Excel's "Unicode text", packed, and as NDJSON with a real truth value."""
    table = pl.read_csv(SAMPLES / "small.csv", infer_schema=False)
    as_text = "sep=\t\r\n" + table.write_csv(separator="\t", line_terminator="\r\n")
    yield SAMPLES / "small-from-excel.txt.gz", gzip.compress(as_text.encode("utf-16"), mtime=0)
    truth = table.with_columns(pl.col("forceChangePassword") == "true")
    yield SAMPLES / "small.ndjson", truth.write_ndjson().encode()


def damaged() -> Iterator[tuple[Path, bytes]]:
    """Files of other kinds than CSV as a disk or a broken transfer leaves them, and one whose line has no end."""
    table = pl.read_csv(SAMPLES / "small.csv", infer_schema=False)
    packed = io.BytesIO()
    table.write_parquet(packed, compression="uncompressed")
    whole = packed.getvalue()
    yield REFUSED / "cut-short.parquet", whole[: len(whole) // 2]
    yield REFUSED / "damaged-page.parquet", whole[:4] + bytes(32) + whole[36:]
    intact = next(content for path, content in workbooks() if path.name == "messy.xlsx")
    yield REFUSED / "cut-short.xlsx", intact[: len(intact) // 2]
    # Somebody's notes went into the name; packed, as nobody wants a megabyte of them in a repository.
    header, first, *_ = (SAMPLES / "small.csv").read_text(encoding="utf-8").splitlines()
    endless = f"{header}\n{first}{' and so on' * (1 << 17)}\n"
    yield REFUSED / "line-too-long.csv.gz", gzip.compress(endless.encode(), mtime=0)


def workbooks() -> Iterator[tuple[Path, bytes]]:
    head = ("customer-tenant-id", "user-id", "forceChangePassword", "displayName")
    alder, north = MESSY_FLAGS[5], MESSY_FLAGS[7]
    users = {
        "Ada": "10a3d6b2-aa05-411a-b271-5945795e8229",
        "Bo": "4f426dcb-b394-4b36-bb2d-420f0f88080b",
        "Cy": "ae658f33-fe3b-490b-93f4-48b3a5aa3c81",
        "Di": "b774eb52-48db-40af-b215-8370d269a9a5",
    }
    yield (
        SAMPLES / "messy.xlsx",
        workbook(
            Cover=rows(("Who is to be reset", "see the next sheet")),
            Users=rows(
                ("Customer Tenant Id", "User Id", "Force Change Password", "userPrincipalName", "left on"),
                (alder, users["Ada"], truth_cell("C5", truth=True), "ada@alderwood.example", number_cell("E5", 46352)),
                (alder, users["Bo"], truth_cell("C6", truth=False), "bo@alderwood.example", "10 Nov 2026"),
                (),
                (f"{{{north.upper()}}}", users["Cy"], number_cell("C8", 1), "cy@northwind.example"),
                (north, users["Cy"], number_cell("C9", 0), "cy@northwind.example"),
                (north, users["Di"], number_cell("C10", 2), "di@northwind.example"),
                (north, "3E10", "", "ed@northwind.example"),
                first=4,
            ),
        ),
    )
    first, second = (alder, users["Ada"], "true", "Ada"), (alder, users["Bo"], "true", "Bo")
    cannot_be_meant = {
        "hidden-row": rows(head, first, second, hidden=3),
        "merged-cells": rows(head, first, ("", users["Bo"]), after='<mergeCells><mergeCell ref="A2:A3"/></mergeCells>'),
        "error-in-a-cell": rows(head, (alder, '<c r="B2" t="e"><v>#N/A</v></c>', "true", "Ada")),
        "formula-never-calculated": rows(head, (alder, '<c r="B2"><f>VLOOKUP(A2,X:Y,2)</f></c>', "true", "Ada")),
    }
    for name, sheet in cannot_be_meant.items():
        yield REFUSED / f"{name}.xlsx", workbook(Users=sheet)
    yield REFUSED / "two-sheets-of-users.xlsx", workbook(Users=rows(head, first), Leavers=rows(head, second))


if __name__ == "__main__":
    os.umask(0o022)
    for made_file, content in make():
        made_file.parent.mkdir(exist_ok=True)
        made_file.write_bytes(content)
        sys.stdout.write(f"{made_file.relative_to(TOP)}: {len(content):,} bytes\n")
