"""What comes when something is wrong, word for word: `messages_shown.md` is played again.

`python tests/tools/test_messages_shown.py` writes what comes into it; whoever does that reads it aloud.
"""

import gzip
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pyrage
import pytest
from transcript import Terminal, told_again, typed_in, unlike

PAPER: Final = Path(__file__).with_name("messages_shown.md")
SECTIONS: Final = re.split(r"(?m)^(?=## )", PAPER.read_text(encoding="utf-8"))[1:]

_GUIDS: Final = ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "7c9e6679-7425-40de-944b-e07fc1f90ae7")
_HEAD: Final = "customer-tenant-id,user-id,forceChangePassword\n"
_FILES: Final[Mapping[str, str | bytes]] = {
    "users.csv": f"{_HEAD}{_GUIDS[0]},{_GUIDS[1]},true\n{_GUIDS[0]},{_GUIDS[0]},false\n",
    "other.csv": f"{_HEAD}{_GUIDS[1]},{_GUIDS[0]},true\n",
    "users.doc": _HEAD,
    "empty.csv": "",
    "header.csv": _HEAD,
    "columns.csv": "tenant,user id\n1,2\n",
    "twice.csv": f"user-id,User_ID,customer-tenant-id\n1,2,{_GUIDS[0]}\n",
    "ragged.csv": f"{_HEAD}{_GUIDS[0]},{_GUIDS[1]}\n",
    "quotes.csv": f'{_HEAD}{_GUIDS[0]},{_GUIDS[1]},24" screen\n',
    "binary.csv": b"PK\0\0\0\0",
    "latin.csv": f"{_HEAD}{_GUIDS[0]},{_GUIDS[1]},J\xfcrgen\n".encode("latin-1"),
    "fake.xlsx": _HEAD,
    "fake.parquet": _HEAD,
    "fake.csv.gz": gzip.compress(_HEAD.encode())[:20],
    "broken.ndjson": '{"customer-tenant-id": \n',
    "messy.csv": f"{_HEAD}nope,{_GUIDS[1]},maybe\n{_GUIDS[0]},,true\n",
    "nobody.csv": "user-id\n",
    "strange.csv": "name,mail\nx,y\n",
    "wrong.csv": "user-id\nadmin\n",
    "broken.toml": "[input\npath = users.csv\n",
    "unknown.toml": '[saftey]\ncanary = 3\n[input]\nprotectd = "x"\n[auth]\nclient_secret = "never shown"\n',
}
_DAMAGED: Final = {"foreign": "[1, 2]", "torn": '{"run_id": "torn"', "lost": None}


def terminal(folder: Path) -> Terminal:
    """A folder with every file that a command of the paper names, and a run that was planned."""
    keys = [pyrage.x25519.Identity.generate() for _ in range(2)]
    for name, content in _FILES.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "folder").mkdir()
    (folder / "helpdesk.key").write_text(f"{keys[0]}\n", encoding="ascii")
    (folder / "other.key").write_text(f"{keys[1]}\n", encoding="ascii")
    (folder / "helpdesk.pub").write_text("nothing that is a key\n", encoding="ascii")
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    env = {
        **kept,
        "HOME": str(folder),
        "BATCHRESET_PASSWORD__RECIPIENTS": str(keys[0].to_public()),
        "BATCHRESET_PARTNER_CENTER__BASE_URL": "https://127.0.0.1:9",
        "BATCHRESET_AUTH__AUTHORITY": "https://127.0.0.1:9",
    }
    made = Terminal(folder=folder, env=env, shown={str(folder.resolve()): "/srv/incident"})
    (planned,) = typed_in("```console\n$ batchreset plan users.csv --run-id planned\n```\n")
    assert made.play(planned)[0] == 0
    runs = folder / "runs"
    for name, text in _DAMAGED.items():
        shutil.copytree(runs / "planned", runs / name)
        if text is None:
            (runs / name / "run.json").unlink()
        else:
            (runs / name / "run.json").write_text(text, encoding="utf-8")
    shutil.copytree(runs / "planned", runs / "changed")
    facts = json.loads((runs / "changed" / "run.json").read_text(encoding="utf-8"))
    facts["settings"]["safety"]["canary"] = 0
    (runs / "changed" / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return made


@pytest.mark.parametrize("section", SECTIONS, ids=[part.partition("\n")[0].removeprefix("## ") for part in SECTIONS])
def test_what_the_paper_says_is_what_comes(tmp_path: Path, section: str) -> None:
    """Another wording is a change that somebody reads; no command of it may pass, or end in an error of ours."""
    here = terminal(tmp_path)
    played = [(typed, *here.play(typed)) for typed in typed_in(section)]
    assert [told for typed, _, came in played if (told := unlike(typed, came))] == []
    assert [typed.command for typed, code, _ in played if code in {0, 1}] == []
    assert all(came.startswith(("error: ", "Usage: ")) or "\nerror: " in came for _, _, came in played)


def _written_anew() -> Iterator[str]:
    yield PAPER.read_text(encoding="utf-8").partition("## ")[0]
    for section in SECTIONS:
        with tempfile.TemporaryDirectory() as folder:
            here = terminal(Path(folder))
            yield told_again(section, lambda typed, here=here: here.play(typed)[1])  # type: ignore[misc]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
    PAPER.write_text("".join(_written_anew()), encoding="utf-8")
