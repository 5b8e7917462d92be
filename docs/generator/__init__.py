"""Text that is made from the program itself: the reference, the man page, what a shell completes.

`python -m generator` in `docs/` (`make generated`) writes what is committed; Sphinx makes the rest as it builds.
"""
