"""The few pages a person or a browser sees."""

from collections.abc import Mapping
from html import escape


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>'
        f"{escape(title)}</title></head>\n<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def code_form(*, message: str = "Enter the code displayed on your app or device.") -> str:
    """Where a person types the code of a device."""
    return _page(
        "Enter code",
        f"<p>{escape(message)}</p>\n"
        '<form method="post"><input name="user_code" autocomplete="off" autofocus required aria-label="Code">'
        ' <button type="submit">Next</button></form>',
    )


def signed_in(user_name: str) -> str:
    return _page(
        "You are signed in", f"<p>{escape(user_name)} is signed in on your device. You may close this page.</p>"
    )


def failed(description: str) -> str:
    return _page("Sorry, but we’re having trouble signing you in.", f"<p>{escape(description)}</p>")


def posting_form(address: str, fields: Mapping[str, str]) -> str:
    """What `response_mode=form_post` is: a form that sends itself."""
    inputs = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    return (
        "<html><head><title>Working...</title></head>"
        f'<body><form method="POST" name="hiddenform" action="{escape(address)}">{inputs}'
        "<noscript><p>Script is disabled. Click Submit to continue.</p>"
        '<input type="submit" value="Submit"></noscript></form>'
        "<script>document.forms[0].submit();</script></body></html>"
    )
