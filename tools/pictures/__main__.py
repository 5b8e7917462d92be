"""`python -m tools.pictures`: film a run for the papers, and photograph its report."""

import shutil
import sys
from pathlib import Path
from typing import Final

from tools.pictures.film import svg
from tools.pictures.filming import PUBLIC_KEY_SHOWN, filmed, stage
from tools.pictures.pages import photographed

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
MOST_BYTES: Final = {".svg": 200_000, ".webp": 300_000}


def main() -> int:
    if shutil.which("tmux") is None:
        sys.exit("make pictures needs tmux")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with stage() as on:
        key = f"{on.key[:PUBLIC_KEY_SHOWN]}…"
        shown = {
            str(on.folder): "/srv/incident",
            on.env["BATCHRESET_PARTNER_CENTER__BASE_URL"]: "https://api.partnercenter.microsoft.com",
            on.key: key,
        }
        frames = filmed(on, "batchreset run users.csv --run-id incident-7", shown=shown)
        _keep(
            "run.svg",
            svg(
                frames,
                title="A run of batchreset in a terminal",
                description="240 accounts of 8 customers: the plan is shown, their number is typed, progress is drawn"
                " while the service throttles, and the summary tells how each ended.",
            ).encode(),
        )
        report = on.run / "report.html"
        if not report.exists():
            sys.stdout.write(f"there is no {report.name} to be photographed\n")
            return 0
        page = report.read_text(encoding="utf-8")
        for ours, theirs in shown.items():
            page = page.replace(ours, theirs)
        shown_page = on.folder / "shown.html"
        shown_page.write_text(page, encoding="utf-8")
        for name, picture in photographed(shown_page):
            _keep(f"report-{name}.webp", picture)
    return 0


def _keep(name: str, content: bytes) -> None:
    path = PICTURES / name
    if len(content) > MOST_BYTES[path.suffix]:
        sys.exit(f"{name} has {len(content):,} bytes, {MOST_BYTES[path.suffix]:,} at most")
    path.write_bytes(content)
    sys.stdout.write(f"{path.name}: {len(content):,} bytes\n")


if __name__ == "__main__":
    sys.exit(main())
