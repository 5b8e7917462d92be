"""Writes what `curl --config` reads: one transfer a row."""

import sys
from pathlib import Path

from benchmarks.speed.peers.bare import Asked, body, headers


def main(to: str, what: Asked) -> None:
    with Path(to).open("w", encoding="ascii") as file:
        for number, address in what.rows():
            data = body(number).decode().replace("\\", "\\\\").replace('"', '\\"')
            lines = [
                f'url = "{address}"',
                "request = PATCH",
                *(f'header = "{name}: {value}"' for name, value in headers().items()),
                f'data = "{data}"',
                "output = /dev/null",
                f'cacert = "{what.ca_file}"',
                "http1.1",
            ]
            file.write(("next\n" if number > 1 else "") + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Asked(sys.argv[2], sys.argv[3], sys.argv[4], 0))
