"""What a monitor is called at."""

import pytest

from batchreset.core.ping import Moment, check_ping_form, ping_address


@pytest.mark.parametrize(
    ("address", "start", "success", "failure"),
    [
        pytest.param("https://hc/U", "https://hc/U/start", "https://hc/U", "https://hc/U/3", id="healthchecks"),
        pytest.param(
            "https://hc/U/?create=1", "https://hc/U/start?create=1", "https://hc/U/?create=1", "https://hc/U/3?create=1",
            id="with-a-query",
        ),
        pytest.param(
            "https://c/k?state={run:complete:fail}&code={exit_code}",
            "https://c/k?state=run&code=", "https://c/k?state=complete&code=0", "https://c/k?state=fail&code=3",
            id="cronitor",
        ),
        pytest.param("https://k/T?s={-:up:down}", None, "https://k/T?s=up", "https://k/T?s=down", id="uptime-kuma"),
        pytest.param("https://b/h{-::-}", None, "https://b/h", None, id="success-alone"),
        pytest.param("https://b/{exit_code}", "https://b/", "https://b/0", "https://b/3", id="code-alone"),
    ],
)  # fmt: skip
def test_each_moment_has_its_address(address: str, start: str | None, success: str | None, failure: str | None) -> None:
    check_ping_form(address)
    assert ping_address(address, Moment.START, exit_code=0) == start
    assert ping_address(address, Moment.SUCCESS, exit_code=0) == success
    assert ping_address(address, Moment.FAILURE, exit_code=3) == failure


@pytest.mark.parametrize("inside", ["{a:b}", "{}", "{exit}", "{a:b:c:d}", "{a:b:c", "a}", "{{a:b:c}}"])
def test_a_placeholder_of_another_form_is_refused(inside: str) -> None:
    with pytest.raises(ValueError, match="START:SUCCESS:FAILURE"):
        check_ping_form(f"https://host/{inside}")
