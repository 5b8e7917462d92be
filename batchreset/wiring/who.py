"""Who does this, by the operating system."""

import getpass
import socket


def operator_facts() -> dict[str, str]:
    """`user` and `host`, as run.json and the run's log tell them."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return {"user": user, "host": socket.gethostname()}
