"""What README says of the program, from the program: the table of settings and commands' `--help`, between marks."""

from tools.readme.blocks import renewed

__all__ = ["renewed"]
