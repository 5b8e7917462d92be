"""One site for all tests of a process; each of them says which workers it wants."""

from collections.abc import Iterator

import pytest
from clustered import Site, site


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where hosts cannot be made the tests fail: a fault that nobody has tried is not one that is stood."""
    with site(tmp_path_factory.mktemp("site")) as made:
        yield made
