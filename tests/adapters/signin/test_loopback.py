"""Where the browser comes back to: on this machine only, and only the answer that was asked for counts."""

import socket
import threading
from collections.abc import Callable, Mapping

import httpx
import pytest

from batchreset.adapters.signin.loopback import Loopback, listening
from batchreset.errors import SignInError


def waited(act: Callable[[Loopback], None], *, seconds: float = 10) -> Mapping[str, str] | None:
    """What came back while `act` does its part."""
    with listening(0) as loopback:
        acting = threading.Thread(target=act, args=(loopback,))
        acting.start()
        came = loopback.wait("the-state", seconds=seconds)
        acting.join()
        return came


def get(loopback: Loopback, query: str) -> httpx.Response:
    return httpx.get(f"{loopback.redirect_uri}/?{query}", trust_env=False)


def test_the_answer_comes_by_query_or_by_form() -> None:
    assert waited(lambda back: _ok(get(back, "code=c&state=the-state"))) == {"code": "c", "state": "the-state"}
    form = {"code": "c", "state": "the-state"}
    assert waited(lambda back: _ok(httpx.post(back.redirect_uri, data=form, trust_env=False))) == form


def _ok(response: httpx.Response) -> None:
    assert response.status_code == 200
    assert "You are signed in" in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_what_has_another_state_or_none_is_turned_away() -> None:
    """Another page of the same browser must not be able to sign somebody else in."""

    def act(back: Loopback) -> None:
        assert [get(back, query).status_code for query in ("code=evil", "code=evil&state=other", "")] == [404] * 3
        get(back, "code=good&state=the-state")

    assert waited(act) == {"code": "good", "state": "the-state"}


def test_a_refusal_comes_back_as_such() -> None:
    def act(back: Loopback) -> None:
        assert "was not completed" in get(back, "error=access_denied&state=the-state").text

    assert waited(act) == {"error": "access_denied", "state": "the-state"}


def test_who_hangs_up_in_the_middle_does_not_end_the_waiting(capfd: pytest.CaptureFixture[str]) -> None:
    def act(back: Loopback) -> None:
        port = int(back.redirect_uri.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as odd:
            odd.sendall(b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\ncode=")
        get(back, "code=good&state=the-state")

    assert waited(act) == {"code": "good", "state": "the-state"}
    assert capfd.readouterr().err == ""


def test_nobody_who_comes_in_time_is_nobody() -> None:
    assert waited(lambda _: None, seconds=0.05) is None


def test_it_listens_on_this_machine_only_and_says_when_the_port_is_taken() -> None:
    with listening(0) as loopback:
        port = int(loopback.redirect_uri.rpartition(":")[2])
        with pytest.raises(SignInError, match=f"port {port} cannot be listened on") as caught, listening(port):
            pass
        assert "--port" in caught.value.next_step
        assert loopback.redirect_uri == f"http://localhost:{port}"
        assert loopback.address == "127.0.0.1"
