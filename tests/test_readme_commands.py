"""Every command in README is typed, in its order, against the simulator; what is shown is what comes."""

import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import pytest
from acceptance_world import World, world
from transcript import Terminal, Typed, typed_in, unlike

from batchreset.cli.help import examples
from batchreset.cli.main import cli
from batchreset.simulator.options import SimulatorOptions

TOP: Final = Path(__file__).parents[1]
PAPERS: Final = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "sample_inputs/*.md", "jobs/**/*.md", "jobs/*.toml")
    for path in TOP.glob(pattern)
    if path.name != "CHANGELOG.md"  # it tells of commands as they were
)
README: Final = (TOP / "README.md").read_text(encoding="utf-8")

NOT_TYPED: Final[Mapping[str, str]] = {
    "make ": "makes an environment, or runs these very tests; CI runs both",
    "age-keygen": "another program; `make programs` has keys of it",
    "batchreset auth login": "a person signs in; tests/acceptance/test_sign_in.py is that person",
    "batchreset simulate --port": "serves until it is stopped; this test stands on what it serves",
    "batchreset simulate --scenario everything": "the same; tests/simulator has it",
    "PYTHONPATH=": "needs the simulator's two logs; tests/acceptance/test_checker.py runs it",
    "less ": "a person reads",
    "# ": "said to a person",
}
"""How a command begins, and why it is not run here. Of this program's own, words and flags are read all the same."""
ENDS: Final = {"--run-id incident-7": 3, "--run-id messy": 2}
"""Exit codes other than 0, by what the command holds."""
ANSWERS: Final = {r"Type the number of accounts \((\d+)\) to reset their passwords: ": r"\1"}
SHA256: Final = "00b0f7b8b5aaf4f68de5336815c9ad8f75a7b153523b21c1734182b57b235e79"
"""README's; what is typed is the one of the plan that was shown last."""
MESSY: Final = (
    "Customer Tenant ID;User_ID;force change password\n{customer};{user};yes\nnope;{user};maybe\n{customer};;no\n"
)


def _sample() -> list[list[str]]:
    return [line.split(",") for line in (TOP / "sample_inputs" / "incident.csv").read_text().splitlines()[1:]]


@contextmanager
def operator(folder: Path) -> Iterator[tuple[World, Terminal]]:
    """A machine as README has it: an input, a key, somebody who is signed in."""
    users = [row[1] for row in _sample()]
    options = SimulatorOptions(
        missing_users=frozenset({users[49], users[149]}), user_name="operator@contoso.com", only_issued_tokens=True
    )
    with world(folder, options) as made:
        shutil.copy(TOP / "sample_inputs" / "incident.csv", folder / "users.csv")
        (folder / "partner-app").write_text(options.client_secret, encoding="utf-8")
        given = made.environment({"BATCHRESET_PASSWORD__RECIPIENTS": None, **made.signing_in()})
        keep = ("PATH", "BASE_URL", "CA_FILE", "AUTHORITY", "REFRESH_TOKEN")
        env = {name: value for name, value in given.items() if name.endswith(keep)}
        yield (
            made,
            Terminal(
                folder=folder,
                env={**env, "HOME": str(folder / "operator")},
                real={
                    "contoso.onmicrosoft.com": options.tenant_id,
                    "/run/secrets/partner-app": str(folder / "partner-app"),
                    "CLIENT_CERTIFICATE_FILE=app.pem": f"CLIENT_SECRET_FILE={folder / 'partner-app'}",
                    "age1m0wjd6…": made.recipient,
                },
                shown={str((folder / "operator").resolve()): "/srv/operator", str(folder.resolve()): "/srv/incident"},
            ),
        )


def _make_ready(typed: Typed, made: World, here: Terminal) -> None:
    """What has changed between one of README's chapters and the next."""
    if "--run-id messy" in typed.command:
        row = _sample()[0]
        (here.folder / "users.csv").write_text(MESSY.format(customer=row[0], user=row[1]), encoding="utf-8")
    if "--run-id incident-8" in typed.command:  # another day: nobody was reset in the last 24 hours
        made.looked_at.update(run.name for run in made.runs.iterdir())
        made.runs.rename(here.folder / "runs of yesterday")


def reason_not_to(command: str) -> str | None:
    return next((reason for start, reason in NOT_TYPED.items() if command.startswith(start)), None)


def test_each_command_of_the_readme_does_what_is_shown(tmp_path: Path) -> None:
    with operator(tmp_path) as (made, here):
        for typed in typed_in(README):
            if reason_not_to(typed.command):
                continue
            _make_ready(typed, made, here)
            code, came = here.play(typed, answers=ANSWERS)
            assert code == next((end for part, end in ENDS.items() if part in typed.command), 0), came
            told = unlike(typed, came) if typed.said else None
            assert told is None, told
            if found := re.search("plan SHA-256 ([0-9a-f]{64})", came):
                here.real[SHA256] = found[1]


def own_commands(paper: str) -> Iterator[str]:
    """What begins with the program's name: at a prompt, in backticks, in a list of examples."""
    yield from (typed.command for typed in typed_in(paper) if typed.command.startswith("batchreset "))
    yield from (" ".join(code.split()) for code in re.findall(r"`(batchreset [a-z][^`]*)`", paper))


@pytest.mark.parametrize("paper", PAPERS, ids=[str(path.relative_to(TOP)) for path in PAPERS])
def test_each_command_in_a_paper_is_one_that_the_program_reads(paper: Path) -> None:
    """A flag or a command that is not there any more is found, also where it only stands in a sentence."""
    assert [told for command in own_commands(paper.read_text(encoding="utf-8")) for told in unread(command)] == []


@pytest.mark.parametrize("paper", PAPERS, ids=[str(path.relative_to(TOP)) for path in PAPERS])
def test_each_file_that_a_paper_leads_to_is_there(paper: Path) -> None:
    """Links and pictures, as far as they lead to files of this checkout; and what `make` is asked for."""
    text = paper.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (paper.parent / link).exists()] == []
    wanted = set(re.findall(r"(?:`|^\$ )make ([a-z-]+)", text, flags=re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert wanted - targets == set()


def test_each_example_of_a_help_is_one_that_the_program_reads() -> None:
    assert [told for command in examples() for told in unread(command[command.index("batchreset ") :])] == []


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("batchreset rnu users.csv", "rnu"),
        ("batchreset run --rcipient x", "'--rcipient'."),
        ("batchreset status a b c", "b c"),
        ("batchreset auth lgoin", "lgoin"),
        ("batchreset run [INPUT] [--job JOB.toml]", ""),
        ("batchreset handover incident-7 --identity helpdesk.key | less", ""),
    ],
)
def test_a_command_that_is_not_there_would_be_found(command: str, told: str) -> None:
    assert "".join(unread(command)).endswith(told)
    assert bool(list(unread(command))) is bool(told)


def unread(command: str) -> Iterator[str]:
    """What of a command line the program would not understand: a command, a flag, an argument too many."""
    before = re.split(r" (?:\||>|\|\||&&|;|/) |…|#", command.replace("[", "").replace("]", ""))[0]
    words = shlex.split(before)[1:]
    here: click.Command = cli
    context = click.Context(
        cli, info_name="batchreset", **cli.context_settings
    )  # a command keeps how it was first asked
    while isinstance(here, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        found = here.get_command(context, name)
        if found is None:
            yield f"{command}: there is no command {name}"
            return
        context, here = click.Context(found, parent=context), found
    try:
        _, left, _ = here.make_parser(context).parse_args(words)
    except click.UsageError as error:
        yield f"{command}: {error.message}"
        return
    if left:
        yield f"{command}: more than it takes: {' '.join(left)}"
