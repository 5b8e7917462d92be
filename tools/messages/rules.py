"""House rules of a message, as far as a program can tell; whether it helps at 3 a.m. only a reader can."""

import re
from collections.abc import Iterator
from typing import Final

from tools.messages.sites import Kind, Message

MOST_CHARACTERS_WHAT: Final = 300
MOST_CHARACTERS_NEXT: Final = 420
"""Some four lines of a terminal each; a name in braces stands for what is put in."""

CAPITALS: Final = frozenset(
    """
    AADSTS App Azure BATCHRESET CSV Conditional Excel GDAP GUID HTTP JSON MFA Microsoft Parquet Partner SHA SIGHUP
    SIGINT SIGTERM TLS
    """.split()  # noqa: SIM905  as below
)
"""Words that are written so wherever they stand, also first."""
VERBS: Final = frozenset(
    """
    add allow apply ask assign bring change check choose close confirm continue copy correct create delete end enable
    enter fill find free give hand have hold install keep leave let look make mend move name note open plan point print
    put quote
    raise read recover register remove rename repeat report reset restore resume run save see send set shorten show sign
    split start stop take tell try turn type unset update upload use wait watch write
    """.split()  # noqa: SIM905  a list of words is read as one
)
"""What a next step begins with. Yours is missing? Add it, if it is something that a person can do."""

_VAGUE: Final = re.compile(
    r"\b(please|sorry|oops|unfortunately|simply|obviously|fatal|illegal|bad|something went)\b", re.IGNORECASE
)
_CLASS: Final = re.compile(r"\b[A-Z]\w*(Error|Exception)\b|__name__|!r\b")
_SECRET: Final = frozenset({"password", "passphrase", "token", "secret", "assertion"})
_UNSAID: Final = re.compile(r"\binvalid\b", re.IGNORECASE)
_QUOTED: Final = re.compile(r"`[^`]*`")
_COMMAND: Final = re.compile(r"\bbatchreset [a-z]+ |_command\}")
_FIRST_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'-]*")
_INTRODUCED: Final = re.compile(r"^(if|where|when|once|while) [^,]+, ")
_ABOUT: Final = re.compile(r"^[^:`]+: ")


def breaches(message: Message) -> list[str]:
    """What is wrong with it, each with where it stands; nothing for a good one."""
    found = [*_of_what(message), *_of_next_step(message), *_of_both(message)]
    return [f"{message.place}: {problem}" for problem in found]


def _of_what(message: Message) -> Iterator[str]:
    what = message.what
    if what is None or message.kind is Kind.ADVICE:
        return
    if not what:
        yield "what happened is not said"
    elif message.kind is not Kind.ASIDE and (first := _FIRST_WORD.match(what)) and _is_capital(first[0]):
        yield f"after `error: ` it goes on in lower case; this begins with {first[0]!r}: {what!r}"
    if what.endswith("."):
        yield f"the full stop is put there when it is shown: {what!r}"
    if _UNSAID.search(what):
        yield f"say what would be right, not that it is invalid: {what!r}"
    if len(what) > MOST_CHARACTERS_WHAT:
        yield f"{len(what)} characters, {MOST_CHARACTERS_WHAT} at most: {what!r}"


def _of_next_step(message: Message) -> Iterator[str]:
    step = message.next_step
    if step is None:
        if message.kind is Kind.ERROR:
            yield f"what to do is missing: {message.what!r}"
        return
    if not step.strip():
        yield f"what to do is missing: {message.what!r}"
    if message.kind is not Kind.ADVICE and step.endswith("."):
        yield f"the full stop is put there when it is shown: {step!r}"
    if not (_orders_something(step) if message.kind is Kind.ADVICE else _is_order(step)):
        yield f"what to do begins with what to do: a verb of tools/messages/rules.py, not: {step!r}"
    if message.kind is not Kind.ADVICE and (first := _FIRST_WORD.match(step)) and _is_capital(first[0]):
        yield f"after `what to do: ` it goes on in lower case: {step!r}"
    if _COMMAND.search(_QUOTED.sub("", step)):
        yield f"a command stands between backticks, so that no full stop is copied with it: {step!r}"
    if len(step) > MOST_CHARACTERS_NEXT:
        yield f"{len(step)} characters, {MOST_CHARACTERS_NEXT} at most: {step!r}"


def _of_both(message: Message) -> Iterator[str]:
    for text in filter(None, (message.what, message.next_step)):
        if "  " in text or text != text.strip():
            yield f"two spaces, or one at an end: {text!r}"
        if found := _VAGUE.search(text):
            yield f"{found[0]!r} does not help: {text!r}"
        if found := _CLASS.search(text):
            yield f"{found[0]!r} is a programmer's word: {text!r}"
    for name in message.put_in:
        if not _SECRET.isdisjoint(re.split(r"[._]", name)[-1:]):
            yield f"{name} is put into a text: is it a secret?"


def _is_capital(word: str) -> bool:
    return word[0].isupper() and re.split(r"[-+]", word)[0] not in CAPITALS


def _is_order(step: str) -> bool:
    """An order; also after an `if`, or after words that say what it is about, or where a command stands first."""
    tail = _INTRODUCED.sub("", step)
    return any(_begins_with_order(one) for one in (step, tail, _ABOUT.sub("", step), _ABOUT.sub("", tail)))


def _orders_something(advice: str) -> bool:
    """Advice stands alone, so it says first what it is about."""
    return any(_is_order(part) for part in re.split(r"(?:[:;.]|, then) ", advice))


def _begins_with_order(text: str) -> bool:
    if text.startswith(("{", "`", "[")):
        return True
    first = _FIRST_WORD.match(text)
    return first is not None and first[0].lower() in VERBS
