"""Draws charts in a process of its own: Vega-Lite specifications in, SVG documents out, both as a JSON list.

Run as a file. vl-convert holds a JavaScript engine, which ends its process where executable memory is forbidden (a
hardened systemd unit) and needs some 70 MB: neither may befall a process that holds a run.
"""

import json
import sys


def main() -> None:
    """From standard input to standard output."""
    import vl_convert  # noqa: PLC0415  whoever only imports this file draws nothing

    specs = json.load(sys.stdin)
    json.dump([vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]) for spec in specs], sys.stdout)


if __name__ == "__main__":
    main()
