"""Where requests are sent from: what may be written, what is meant by it, and what is safe."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.places import (
    LocalWorkers,
    Place,
    SchedulerAt,
    SchedulerFile,
    address_in,
    is_loopback,
    is_safe,
    is_tls,
    place_of,
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("local:1", LocalWorkers(1)),
        ("local:64", LocalWorkers(64)),
        ("LOCAL:4", LocalWorkers(4)),
        ("tls://scheduler:8786", SchedulerAt("tls://scheduler:8786")),
        ("TLS://Scheduler.Dask.svc.:8786", SchedulerAt("tls://scheduler.dask.svc.:8786")),
        ("tcp://10.0.0.7:1", SchedulerAt("tcp://10.0.0.7:1")),
        ("tls://[FD00::7]:65535", SchedulerAt("tls://[fd00::7]:65535")),
        ("scheduler.json", SchedulerFile("scheduler.json")),
        ("~/dask/s.json", SchedulerFile("~/dask/s.json")),
        ("./host:8786", SchedulerFile("./host:8786")),
        ("./local:4", SchedulerFile("./local:4")),
        ("/run/Zürich.json", SchedulerFile("/run/Zürich.json")),
    ],
)
def test_each_form_is_understood(text: str, meant: Place) -> None:
    assert place_of(text) == meant


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("local:0", "1 to 64"),
        ("local:65", "1 to 64"),
        ("local:", "1 to 64"),
        ("local:x", "1 to 64"),
        ("local:-1", "1 to 64"),
        ("local:4 ", "1 to 64"),
        ("local:٤", "1 to 64"),  # a digit, though not one of ours
        ("local", "as in local:4"),
        ("http://scheduler:8786", "begins with tls://"),
        ("://scheduler:8786", "begins with tls://"),
        ("/folder/a://b", "begins with tls://"),
        ("tls://scheduler", "no port"),
        ("tls://scheduler:", "host:port"),
        ("tls://scheduler:0", "1 to 65535"),
        ("tls://scheduler:70000", "1 to 65535"),
        ("tls://scheduler:٨", "1 to 65535"),
        ("tls://one:x", "a port is a number from 1 to 65535"),
        ("tls://[::1]:x", "a port is a number from 1 to 65535"),
        ("tls://", "neither a host nor a port"),
        ("locl:2", "did you mean local:N"),
        ("scheduler:2", r"a file of such a name with \./$"),
        ("tls://scheduler:8786/", "nothing after the port"),
        ("tls://scheduler:8786/path", "nothing after the port"),
        ("tls://scheduler:8786?a=b", "nothing after the port"),
        ("tls://me:secret@scheduler:8786", "user name"),
        ("tls://:8786", "no host"),
        ("tls://a..b:8786", "no host"),
        ("tls://-a:8786", "no host"),
        ("tls://a b:8786", "no host"),
        ("tls://a\x1b[2J:8786", "host:port"),
        ("tls://a\nb:8786", "no host"),
        ("tls://büro:8786", "no host"),
        ("tls://" + "a." * 127 + "a:8786", "no host"),
        ("tcp://127.1:8786", "IPv4 address"),
        ("tcp://2130706433:8786", "IPv4 address"),
        ("tcp://0127.0.0.1:8786", "IPv4 address"),
        ("tls://::1:8786", "host:port"),
        ("tls://[::1]", "no port"),
        ("tls://[1:2]:8786", "no IPv6 address"),
        ("tls://[fe80::1%eth0]:8786", "host:port"),
        ("tls:scheduler:8786", "two slashes"),
        ("scheduler:8786", "begins with tls://"),
        ("", "no path"),
        ("a\x07b.json", "no path"),
    ],
)
def test_what_cannot_be_is_told_why_and_never_repeated(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as raised:
        place_of(text)
    assert "secret" not in str(raised.value)
    assert str(raised.value).isprintable()


@given(st.text(max_size=30) | st.from_regex(r"(tls|tcp)://[^/]{1,12}:[0-9]{1,6}"))
def test_an_address_that_is_taken_is_plain_text_and_means_the_same_when_read_again(text: str) -> None:
    try:
        place = place_of(text)
    except ValueError:
        return
    if isinstance(place, SchedulerAt):
        assert place.address.isascii()
        assert place.address.isprintable()
        assert not set("@/?# ") & set(place.address.partition("://")[2])
        assert place_of(place.address) == place


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("tcp://127.0.0.1:1", True),
        ("tcp://127.9.9.9:1", True),
        ("tcp://[::1]:1", True),
        ("tcp://[::ffff:127.0.0.1]:1", True),
        ("tcp://LOCALHOST:1", True),
        ("tcp://localhost.evil.example:1", False),
        ("tcp://127.0.0.1.evil.example:1", False),
        ("tcp://10.0.0.7:1", False),
        ("tcp://0.0.0.0:1", False),
        ("tcp://[::]:1", False),
        ("tcp://[fd00::1]:1", False),
    ],
)
def test_plain_tcp_is_safe_only_where_nothing_leaves_this_machine_or_where_somebody_says_so(
    address: str, *, loopback: bool
) -> None:
    at = place_of(address)
    assert isinstance(at, SchedulerAt)
    assert is_loopback(at) is loopback
    assert is_safe(at, plain_tcp=False) is loopback
    assert is_safe(at, plain_tcp=True)


def test_tls_is_safe_wherever_it_leads() -> None:
    at = SchedulerAt("tls://10.0.0.7:8786")
    assert is_tls(at)
    assert is_safe(at, plain_tcp=False)


def test_a_scheduler_file_gives_its_address_as_if_it_had_been_typed() -> None:
    content = json.dumps({"type": "Scheduler", "id": "Scheduler-1", "address": "TLS://10.0.0.7:8786", "workers": {}})
    assert address_in(content) == SchedulerAt("tls://10.0.0.7:8786")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", '"address"'),
        ("{}", '"address"'),
        ('{"address": 7}', '"address"'),
        ('{"address": "local:4"}', "begins with tls://"),
        ('{"address": "/etc/passwd"}', "begins with tls://"),
        ('{"address": "tls://a\\u001b[2J:1"}', "host:port"),
        ('{"address": "tls://me:secret@a:1"}', "user name"),
    ],
)
def test_a_scheduler_file_of_anybody_is_told_why_it_cannot_be_used(content: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as raised:
        address_in(content)
    assert "secret" not in str(raised.value)
    assert str(raised.value).isprintable()
