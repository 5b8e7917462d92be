"""Services through apprise: what arrives, what goes wrong, and that no address is ever told."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from local_tls import write_ca_file
from raw_tls_server import RawServer, Wire, answering, free_port, raw_server

from batchreset.adapters.notices import open_services, trusting
from batchreset.core.notice import Kind, Notice
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError

CANARY = "c4n4ry-7f3a"
NOTICE = Notice(title="batchreset OK", text="<b>one</b>\ntwo_three\n\nfour", kind=Kind.WARNING)


def send(address: str, ca_file: str = "") -> str | None:
    (service,) = open_services([Secret(address)])
    with trusting(ca_file) as bundle:
        problem = service.send(NOTICE, bundle=bundle)
    assert CANARY not in f"{problem}{service.shown}"
    return problem


@pytest.fixture
def root() -> Iterator[list[str]]:
    """What reaches whoever has set up logging; pytest's own handlers sit on every logger and hear more."""
    heard: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    before = logging.getLogger().level
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    yield heard
    logging.getLogger().setLevel(before)
    logging.getLogger().removeHandler(handler)


def webhook(server: RawServer, *, scheme: str = "json") -> str:
    """Time limits as tests have them."""
    return f"{scheme}://localhost:{server.port}/{CANARY}?rto=0.3&cto=0.3"


def test_a_webhook_gets_the_title_the_text_as_it_is_and_how_to_show_it() -> None:
    with raw_server(answering(), tls=False) as server:
        assert send(webhook(server)) is None
    (request,) = server.requests
    got = json.loads(request.body)
    assert (got["title"], got["message"], got["type"]) == (NOTICE.title, NOTICE.text, "warning")
    assert request.headers["User-Agent"] == "batchreset"


def test_where_markdown_is_read_every_line_stays_one_and_no_word_becomes_markup(tmp_path: Path) -> None:
    """Power Automate, which is Teams: its cards join lines that no empty one keeps apart."""
    with raw_server(answering("202 Accepted")) as server:
        address = f"workflows://localhost:{server.port}/{CANARY}abcdef/{CANARY}signature?rto=2&cto=2"
        assert send(address, write_ca_file(tmp_path)) is None
    text = json.dumps(json.loads(server.requests[0].body), ensure_ascii=False)
    assert "two\\\\_three\\n\\nfour" in text
    assert "<b>" not in text


@pytest.mark.parametrize(
    ("behave", "problem"),
    [
        pytest.param(answering("500 Oh"), "it answered 500", id="500"),
        pytest.param(answering("403 No", body=CANARY.encode()), "it answered 403", id="403"),
        pytest.param(answering("307 There", Location="http://localhost:1/x"), "it answered 307", id="redirect"),
        pytest.param(Wire.wait_until_the_client_leaves, "no answer in time", id="hangs"),
        pytest.param(Wire.reset, "the connection failed", id="lost"),
    ],
)
def test_what_goes_wrong_is_told_by_its_kind_alone(
    behave: Callable[[Wire], None], problem: str, capfd: pytest.CaptureFixture[str], root: list[str]
) -> None:
    with raw_server(behave, tls=False) as server:
        assert send(webhook(server)) == problem
    assert CANARY not in "".join([*capfd.readouterr(), *root])


def test_a_service_that_is_not_there() -> None:
    assert send(f"json://127.0.0.1:{free_port()}/{CANARY}") == "the connection was refused"


def test_a_service_is_trusted_by_the_authority_that_the_settings_name(tmp_path: Path) -> None:
    with raw_server(answering()) as server:
        assert send(webhook(server, scheme="jsons"), write_ca_file(tmp_path)) is None
        assert send(webhook(server, scheme="jsons")) == "the certificate is not trusted"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (f"slak://{CANARY}", "did you mean slack://?"),
        (f"teams://{CANARY}", "did you mean workflows://?"),
        (f"https://example.org/{CANARY}", "did you mean jsons://?"),
        (f"qqqqqqqq://{CANARY}", "there is no qqqqqqqq:// here"),
        (f"slack://{CANARY}", "is not what that service needs"),
    ],
)
def test_an_address_that_is_none_is_refused_with_what_was_meant_and_unseen(address: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_services([Secret("json://localhost"), Secret(address)])
    lines = "\n".join(caught.value.lines())
    assert "1 of 2 addresses" in lines
    assert "address 2" in lines
    assert words in lines
    assert CANARY not in lines


def test_an_authority_that_cannot_be_read_is_told_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ca_file"), trusting(str(tmp_path / "none.pem")):
        pass


def test_without_the_library_it_is_told_how_to_get_it() -> None:
    """And without an address none of the libraries is imported."""
    code = (
        "import sys, batchreset.cli.run, batchreset.adapters.metrics, batchreset.adapters.notices\n"
        "print({'apprise', 'requests', 'prometheus_client', 'certifi'} & set(sys.modules))\n"
        "sys.modules['apprise'] = None\n"
        "from batchreset.core.secret import Secret\n"
        "try: batchreset.adapters.notices.open_services([Secret('json://x')])\n"
        "except Exception as error: print(*error.lines())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    imported, told = done.stdout.splitlines()
    assert imported in {"set()", "{'certifi'}"}
    assert "batchreset[notify]: `pip install '.[notify]'`" in told
