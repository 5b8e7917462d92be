"""One site for all tests of a process; each of them says which workers it wants."""

from collections.abc import Iterator

import pytest
from clustered import Site, site


@pytest.fixture
def cluster(_site: Site) -> Iterator[Site]:
    """Where hosts cannot be made the tests fail: a fault that nobody has tried is not one that is stood."""
    yield _site
    _site.abandon()


@pytest.fixture(scope="session")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site")) as made:
        yield made
