"""Which right settings this version cannot carry out yet."""

import pytest

from batchreset.settings.model import Settings
from batchreset.settings.supported import unsupported


@pytest.mark.parametrize("tree", [{}, {"auth": {"kind": "access_token"}}, {"password": {"kind": "discard"}}])
def test_what_is_built_is_not_listed(tree: dict[str, object]) -> None:
    assert unsupported(Settings.model_validate(tree)) == ()


def test_each_setting_that_asks_for_more_is_listed_with_what_to_do() -> None:
    settings = Settings.model_validate(
        {
            "auth": {"kind": "device_code"},
            "password": {"kind": "passphrase"},
            "output": {"notify": ["ops@example.com"]},
        }
    )
    assert unsupported(settings) == (
        '[auth] kind = "device_code": signing in comes with a later version; use "access_token"',
        '[password] kind = "passphrase": passphrases come with a later version; use "random" or "discard"',
        "[output] notify: sending the summary comes with a later version; leave it empty",
    )


def test_redeeming_a_refresh_token_is_not_built_yet() -> None:
    (line,) = unsupported(Settings.model_validate({"auth": {"kind": "refresh_token"}}))
    assert line.startswith('[auth] kind = "refresh_token"')
