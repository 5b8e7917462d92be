"""Which right settings this version cannot carry out yet."""

import pytest

from batchreset.settings.model import Settings
from batchreset.settings.supported import unsupported


@pytest.mark.parametrize("tree", [{}, {"auth": {"kind": "refresh_token"}}, {"password": {"kind": "passphrase"}}])
def test_what_is_built_is_not_listed(tree: dict[str, object]) -> None:
    assert unsupported(Settings.model_validate(tree)) == ()


def test_each_setting_that_asks_for_more_is_listed_with_what_to_do() -> None:
    settings = Settings.model_validate(
        {
            "output": {"notify": ["ops@example.com"]},
        }
    )
    assert unsupported(settings) == ("[output] notify: sending the summary comes with a later version; leave it empty",)
