"""An error that nobody meant is told by types and places: its text, and what it was about, is shown nowhere."""

import asyncio
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from batchreset.cli.telling import is_interruption, unexpected

CANARY = "canary-kV7#mQ2_xR9"


class Panic(BaseException):
    """As Rust's: pyo3's PanicException is no Exception."""


def caught(error: BaseException) -> BaseException:
    """With a traceback, a cause, a note and a local variable, all of which hold the canary."""
    password = CANARY
    error.add_note(password)
    try:
        raise error from KeyError(password)  # noqa: TRY301  the frame is what is looked for
    except BaseException as raised:  # noqa: BLE001  whatever the table says
        return raised


ERRORS = [
    ValueError(CANARY),
    Panic(CANARY),
    SystemExit(CANARY),
    GeneratorExit(CANARY),
    asyncio.CancelledError(CANARY),
    UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY),
    ExceptionGroup(CANARY, [ValueError(CANARY), ExceptionGroup(CANARY, [OSError(1, CANARY)])]),
    BaseExceptionGroup(CANARY, [KeyboardInterrupt(CANARY), Panic(CANARY)]),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_types_and_places_are_told_and_no_text(error: BaseException) -> None:
    raised = caught(error)
    assert CANARY in "".join(traceback.format_exception(raised))
    told = "\n".join(unexpected(raised))
    assert CANARY not in told
    assert f"{__file__}:" in told
    assert "in caught" in told


def test_every_error_of_a_group_is_named() -> None:
    (first, *_) = unexpected(BaseExceptionGroup("", [ValueError(), BaseExceptionGroup("", [Panic()])]))
    assert first.startswith("error: unexpected ValueError and Panic.")


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (KeyboardInterrupt(), True),
        (BaseExceptionGroup("", [KeyboardInterrupt(), BaseExceptionGroup("", [KeyboardInterrupt()])]), True),
        (BaseExceptionGroup("", [KeyboardInterrupt(), ValueError()]), False),
        (SystemExit(), False),
    ],
    ids=["alone", "in groups", "beside a bug", "an exit"],
)
def test_only_ctrl_c_is_an_interruption(error: BaseException, *, is_one: bool) -> None:
    assert is_interruption(error) is is_one


PROGRAM = f"""
import asyncio, atexit, ctypes, gc, logging, resource, sys, threading, warnings, types
import click
from batchreset.cli import main as door

CANARY = {CANARY!r}

class Panic(BaseException): pass
class Dying:
    def __del__(self): raise Panic(CANARY)

def bad(*_): raise ValueError(CANARY)
async def bad_task(): bad()

async def neglectful():
    asyncio.get_running_loop().call_soon(bad, CANARY)
    task = asyncio.create_task(bad_task(), name=CANARY)
    await asyncio.sleep(0.01)
    del task
    gc.collect()

@click.command()
def boom():
    thread = threading.Thread(target=bad, args=(CANARY,), name=CANARY)
    thread.start()
    thread.join()
    Dying()
    asyncio.run(neglectful())
    logging.getLogger("vendor").warning("sent %s", CANARY)
    warnings.warn(CANARY, ResourceWarning)
    atexit.register(bad)
    click.echo(["limit", resource.getrlimit(resource.RLIMIT_CORE), "dumpable", ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)])
    raise Panic(CANARY)

sys.modules["boom"] = types.SimpleNamespace(boom=boom)
door._COMMANDS["boom"] = "boom:boom"
sys.argv = ["batchreset", "boom"]
door.main()
"""


def test_what_never_comes_to_the_door_is_told_like_that_too(tmp_path: Path) -> None:
    """Threads, finalizers, tasks and callbacks of asyncio in debug mode, libraries' logs and warnings, the very end."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, "-X", "dev", "-X", "faulthandler", str(program)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert CANARY not in ended.stderr + ended.stdout
    for told in (
        "warning: a thread ended by ValueError",
        "warning: what was cleared away failed by Panic",
        "error: told by asyncio at",
        "warning: told by vendor at",
        "warning: ResourceWarning at",
        "error: unexpected Panic at",
    ):
        assert told in ended.stderr
    assert ended.stderr.count("ValueError") >= 4
    # No core dump, neither as a file nor to a collector; and no other process of the same user reads the memory.
    assert ended.stdout == "['limit', (0, 0), 'dumpable', 0]\n"
