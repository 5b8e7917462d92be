"""`batchreset(1)`, by docutils' own writer, from the same texts as the pages."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree
from myst_parser.parsers.docutils_ import Parser

from batchreset import __version__
from batchreset.settings.names import SETTINGS, variable
from generator import readme
from generator.pages import default_of, flag_entry, paragraph, run_folder_files, safe, secret_variables
from generator.program import NAME, Command, commands

_WRITTEN_BY: Final = re.compile(r"^\.\\\" (Man page generated|by the Docutils).*\n", re.MULTILINE)
_SPACE_AFTER_HEADING: Final = re.compile(r"^(\.S[HS] .*\n)\.sp\n", re.MULTILINE)
"""A heading makes its own."""
_SPEAKING: Final[dict[str, Any]] = {
    "report_level": 5,
    "myst_enable_extensions": ["deflist"],
    "myst_suppress_warnings": ["myst"],
    "output_encoding": "unicode",
    "language_code": "en",
}
_PURPOSE: Final = "reset many customers' passwords through the Microsoft Partner Center API"
_EXAMPLES: Final = {
    "See all of it, against a simulated Partner Center": "batchreset demo",
    "Sign in, once": "batchreset auth login --job jobs/incident.toml",
    "See what would be done; nothing is sent": "batchreset run users.csv --recipient age1… --dry-run",
    "Do it": "batchreset run users.csv --recipient age1… --run-id incident-7",
    "Carry on, after whatever stopped it": "batchreset apply incident-7",
    "Open the new passwords, where the key is": "batchreset handover incident-7 --identity helpdesk.key --out new.csv",
}


def man_page() -> str:
    """The page as roff. It has no date: it changes when the program does."""
    document = publish_doctree("\n\n".join(_parts()), parser=Parser(), settings_overrides=_SPEAKING)
    for message in list(document.findall(nodes.system_message)):
        message.parent.remove(message)
    about = nodes.docinfo("", nodes.version("", __version__), *_fields(manual_section="1", manual_group=NAME))
    title = document.next_node(nodes.title)
    document.insert(document.index(title) + 1, [nodes.subtitle("", _PURPOSE), about])
    roff: str = publish_from_doctree(document, writer="manpage", settings_overrides=_SPEAKING)
    return _SPACE_AFTER_HEADING.sub(r"\1", _WRITTEN_BY.sub("", roff))


def _fields(**values: str) -> Iterator[nodes.field]:
    for name, value in values.items():
        yield nodes.field("", nodes.field_name("", name), nodes.field_body("", nodes.paragraph("", value)))


def _parts() -> Iterator[str]:
    yield f"# {NAME}"
    yield "## Synopsis"
    yield f"`{NAME}` *COMMAND* \\[*OPTIONS*\\] …"
    yield "## Description"
    yield readme.part("README.md", "Why not a small script", below=2, page="index.md")
    yield "## Commands"
    for command in commands():
        yield from _command(command)
    yield "## Settings"
    yield "Flag over environment over job file over default. In a job file `pace.order` is `order` below `[pace]`."
    yield _entries((name, _setting(name)) for name in SETTINGS)
    yield "## Exit status"
    exits = readme.table("README.md", "Exit codes")
    yield _entries((code, f"{meaning}. What to do: {do}.") for code, meaning, do in exits)
    yield "## Files"
    yield "In the run's folder, `runs/<run-id>/`:"
    yield _entries(run_folder_files())
    yield "## Environment"
    yield _entries(_environment())
    yield "## Examples"
    for what, line in _EXAMPLES.items():
        yield f"{what}:\n\n```text\n{line}\n```"
    yield "## See also"
    yield "**age**(1), **ssh-keygen**(1), **crontab**(5), **systemd.timer**(5)"


def _command(command: Command) -> Iterator[str]:
    yield f"### {safe(f'{command.name} {command.usage}')}"
    yield from map(paragraph, command.paragraphs)
    for flag in command.flags:
        if flag.setting is None:
            yield flag_entry(flag)
    if any(flag.setting for flag in command.flags):
        sections = dict.fromkeys(flag.setting.partition(".")[0] for flag in command.flags if flag.setting)
        yield f"And a flag for each setting of {', '.join(f'`{section}`' for section in sections)}: see *Settings*."


def _setting(name: str) -> str:
    field = SETTINGS[name]
    return f"{safe(field.description or '')} Default: {default_of(field.default)}."


def _environment() -> Iterator[tuple[str, str]]:
    yield f"{variable('SECTION.KEY')}", "Any setting; entries of a list stand between commas."
    for name in secret_variables():
        yield name, f"A secret; or `{name}_FILE`, which names its file, or `{name}_COMMAND`, which prints it."
    yield "NO_COLOR", "No colour."
    yield "HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE", "As other programs understand them."


def _entries(entries: Iterable[tuple[str, str]]) -> str:
    return "\n\n".join(f"`{term.strip('`')}`\n: {text}" for term, text in entries)
