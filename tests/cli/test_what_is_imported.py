"""What each command imports, counted: a time would say something else on every machine."""

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

ACCOUNT = "89ece6ea-d2fd-4250-9f57-30aea15ffb0a,a45f1416-3300-4f65-9e8d-f123b397a4ba"
PLANNED = ("--dry-run", "--yes", "--password-kind", "discard", "--no-report")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "--version": ("--version",),
    "--help": ("--help",),
    "run --help": ("run", "--help"),
    "auth login -h": ("auth", "login", "-h"),
    "completion": ("completion", "bash"),
    "simulate, refused": ("simulate", "--port", "x"),
    "status": ("status", "--runs-dir", "none"),
    "results": ("results", "none"),
    "run, as far as nothing is sent": ("run", "users.csv", *PLANNED),
}
QUICK = [name for name in COMMANDS if name not in {"status", "results", "run, as far as nothing is sent"}]
SELDOM = {
    "apprise", "azure", "cloudpickle", "dask", "distributed", "fastexcel", "jinja2", "jwt", "msal", "msgpack",
    "narwhals", "prometheus_client", "pygments", "requests", "rich", "starlette", "trio", "trustme",
    "uvicorn",
}  # fmt: skip
"""Of a feature that none of these commands has, or of nobody's here: the last would be for colour, or another loop.
Of what Dask brings along tornado is left out: tenacity imports it wherever it is installed.
"""
IMPORTING = """
import json, os, sys
from batchreset.cli.main import main

for name, words in json.loads(sys.argv[1]).items():
    if os.fork():
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
        continue
    for stream in (1, 2):
        os.dup2(os.open(f"{stream}-of-{name}", os.O_CREAT | os.O_WRONLY, 0o600), stream)
    sys.argv = ["batchreset", *words]
    try:
        main()
    except SystemExit as ended:
        found = sorted(module for module, what in sys.modules.items() if what is not None)
        with open(f"of-{name}", "w") as told:
            json.dump([ended.code, found], told)
    os._exit(0)
"""
"""Each from a process that has imported the door and no more, as the program's own has."""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, frozenset[str]]:
    folder = tmp_path_factory.mktemp("imported")
    (folder / "users.csv").write_text(f"customer-tenant-id,user-id\n{ACCOUNT}\n", encoding="utf-8")
    words = json.dumps(COMMANDS)
    subprocess.run([sys.executable, "-c", IMPORTING, words], cwd=folder, env={}, timeout=100, check=True)
    told = {name: json.loads((folder / f"of-{name}").read_bytes()) for name in COMMANDS}

    assert {code for code, _ in told.values()} == {0, 2}
    assert told["run, as far as nothing is sent"][0] == 0
    return {name: frozenset(modules) for name, (_, modules) in told.items()}


@pytest.mark.parametrize("name", QUICK)
def test_a_quick_answer_waits_for_click_and_nothing_else(name: str, imported: Mapping[str, frozenset[str]]) -> None:
    assert libraries(imported[name]) == {"click"}
    assert {"asyncio", "sqlite3", "ssl"}.isdisjoint(imported[name])
    assert len(imported[name]) <= 250, "modules, the standard library's with them; 141 to 189 with Python 3.11"


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_imported_that_a_command_does_not_use(name: str, imported: Mapping[str, frozenset[str]]) -> None:
    assert libraries(imported[name]) & SELDOM == set()


def test_looking_at_runs_needs_neither_tables_nor_the_network_nor_a_log(
    imported: Mapping[str, frozenset[str]],
) -> None:
    assert libraries(imported["status"]) & {"polars", "httpx", "structlog", "pyrage", "tenacity"} == set()


def test_writing_results_again_needs_neither_the_network_nor_a_log_nor_keys(
    imported: Mapping[str, frozenset[str]],
) -> None:
    assert "polars" in libraries(imported["results"])
    assert libraries(imported["results"]) & {"httpx", "structlog", "pyrage", "tenacity"} == set()


def test_a_run_imports_no_more_than_it_did(imported: Mapping[str, frozenset[str]]) -> None:
    """A library more is a hundred modules; those of the next release of one, some."""
    found = imported["run, as far as nothing is sent"]
    assert {"polars", "structlog"} <= libraries(found)
    assert len(found) <= 1000, "901 with Python 3.11"


def libraries(modules: frozenset[str]) -> set[str]:
    """Those that are neither this program nor the standard library, nor parts of the environment or of others."""
    names = {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - {"batchreset"}
    return {name for name in names if not name.startswith("_")}
