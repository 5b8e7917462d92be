"""Text of others, made fit for any terminal, page and file."""


def plain(text: str, most: int) -> str:
    """Of printable ASCII, a `?` for all else, and no longer than that; a `~` at its end where it was cut."""
    shown = "".join(one if one.isascii() and one.isprintable() else "?" for one in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}~"
