"""What is told of a cluster: names that others chose, and what Dask tells of itself."""

import logging
import subprocess
import sys
import warnings

import pytest
from dask_log import Log

from batchreset import __version__
from batchreset.adapters.dask.employing import _refused
from batchreset.adapters.dask.link import name_of
from batchreset.adapters.dask.noise import LIBRARY_TOLD, hushed
from batchreset.core.senders import NAME_MOST

CANARY = "S3cret-canary"


@pytest.mark.parametrize(
    ("worker", "name"),
    [
        pytest.param("pod-a", "pod-a", id="its own"),
        pytest.param(3, "worker-3", id="a number"),
        pytest.param("tls://10.0.0.2:4000", "10.0.0.2:4000", id="its address, as Dask calls who has no name"),
        pytest.param(None, "10.0.0.2:4000", id="none"),
        pytest.param("\x1b\r\n", "10.0.0.2:4000", id="nothing to be seen"),
        pytest.param("a\x1b[31mb\nc", "a?[31mb?c", id="an order to a terminal"),
        pytest.param("x" * 1000, f"{'x' * (NAME_MOST - 1)}~", id="far too long"),
    ],
)
def test_a_worker_is_called_as_its_cluster_calls_it(worker: object, name: str) -> None:
    assert name_of(worker, "tls://10.0.0.2:4000") == name


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(ModuleNotFoundError("x", name="batchreset"), "batchreset is missing", id="not installed"),
        pytest.param(ModuleNotFoundError("x", name="a\x1b"), "module is missing", id="a name that is none"),
        pytest.param(AttributeError(CANARY), "another version", id="not in that version"),
        pytest.param(TypeError(CANARY), "another version", id="made in another way"),
        pytest.param(None, "was lost", id="its worker ended"),
        pytest.param(OSError(CANARY), "OSError", id="anything else"),
    ],
)
def test_a_sender_that_cannot_be_made_is_told_of_without_the_error_s_text(error: object, said: str) -> None:
    refusal = _refused("pod-a", error)

    assert said in refusal.what
    assert CANARY not in " ".join(refusal.lines())


@pytest.mark.parametrize("error", [ModuleNotFoundError("x", name="batchreset"), AttributeError(CANARY)])
def test_whoever_lacks_this_program_is_named_with_the_version_that_is_wanted(error: object) -> None:
    assert (
        _refused("pod-a", error).next_step
        == f"install batchreset {__version__} on pod-a, with the libraries that are here"
    )


def test_dask_is_not_imported_before_a_cluster_is_opened() -> None:
    program = "import sys, batchreset.adapters.dask; print({'dask', 'distributed', 'tornado'} & set(sys.modules))"

    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout == b"set()\n"


def test_libraries_tell_the_log_where_they_are_and_nobody_what_they_say(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log()
    loud = logging.getLogger("distributed.tests_of_noise")
    loud.addHandler(logging.StreamHandler())
    root = logging.getLogger("distributed")
    root.addHandler(logging.StreamHandler())

    with hushed(log):
        loud.info(CANARY)
        loud.error("%s", CANARY, exc_info=OSError(CANARY))
    loud.error(CANARY)

    assert [event for event, _ in log.events] == [LIBRARY_TOLD]
    assert log.events[0][1] | {"place": ""} == {
        "library": "distributed.tests_of_noise", "level": "error", "place": "", "error": "OSError",
    }  # fmt: skip
    assert capfd.readouterr() == ("", "")


def test_an_error_that_nobody_awaited_is_noise_only_when_it_came_out_of_a_library(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = Log()
    in_a_library: dict[str, object] = {"__name__": "distributed.somewhere"}
    exec("def fail(): raise ValueError", in_a_library)
    asyncio_told = logging.getLogger("asyncio")

    def ours() -> None:
        raise KeyError(CANARY)

    with hushed(log):
        for fail in (in_a_library["fail"], ours):
            try:
                fail()  # type: ignore[operator]  # made a moment ago
            except (KeyError, ValueError):
                asyncio_told.exception("never retrieved")

    assert [fields["error"] for _, fields in log.events] == ["ValueError"]
    assert [record.exc_info and record.exc_info[0] for record in caplog.records] == [KeyError]


def test_warnings_of_libraries_are_nobody_s_business_and_ours_are() -> None:
    def warned_in(module: str) -> None:
        warnings.warn_explicit("told", UserWarning, "x.py", 1, module=module)

    with hushed(Log()):
        warned_in("distributed.client")
        with pytest.raises(UserWarning, match="told"):
            warned_in("batchreset.engine")
