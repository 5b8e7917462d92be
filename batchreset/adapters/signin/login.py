"""Signing in as a person: by a code that is entered elsewhere, or in this machine's browser."""

import threading
import time
import warnings
import webbrowser
from collections.abc import Callable
from typing import Any, Final

from batchreset.adapters.signin.application import Application, Granted
from batchreset.adapters.signin.exchange import Unclear, is_safe
from batchreset.adapters.signin.loopback import listening
from batchreset.errors import SignInError

Say = Callable[[str], None]
Keep = Callable[[str], None]

BROWSER_SECONDS: Final = 300
"""How long a person has in the browser; a device code brings its own time."""
_STILL_WAITING: Final = frozenset({"authorization_pending", "slow_down"})


def by_device_code(
    application: Application, keep: Keep, *, say: Say, sleep: Callable[[float], object] = time.sleep
) -> Granted:
    """Show a code and where to enter it, and wait until somebody has.

    Args:
        application: who asks.
        keep: gets the new sign-in's cache before this returns.
        say: shows a line.
        sleep: waits so many seconds between two questions.

    Raises:
        Refused: declined, expired, or not allowed for this application.
        SignInError: no such service or tenant, or one that offers no device codes.
        Unclear: no clear answer to the first request came.
    """
    client = application.client("", keep)
    try:
        flow: dict[str, Any] = client.initiate_device_flow(application.scopes)
    except (KeyError, ValueError):
        raise SignInError(
            "this sign-in service offers no device codes", next_step="sign in with `batchreset auth login --browser`"
        ) from None
    if "user_code" not in flow:
        application.granted(flow)
    if not is_safe(flow.get("verification_uri")) or not flow["user_code"].isprintable():
        raise SignInError(
            "the sign-in service sends people to an address that is not a plain https one",
            next_step="check [auth] authority, and the proxies between here and there",
        )
    say("To sign in, open this address on any device:")
    say(f"  {flow['verification_uri']}")
    say(f"and enter the code  {flow['user_code']}")
    say("Sign in as the partner's user, with multi-factor authentication; this waits until it is done.")
    while True:
        sleep(max(1, int(flow.get("interval", 5))))
        try:
            # One question a call: the loop is ours, so that a lost answer does not end the sign-in.
            answer = client.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
        except Unclear as unclear:
            if time.time() > flow["expires_at"]:
                raise
            say(f"no clear answer from the sign-in service ({unclear.detail}); asking again")
            continue
        if answer.get("error") not in _STILL_WAITING:
            return application.granted(answer)
        if time.time() > flow["expires_at"]:
            raise SignInError(
                f"nobody entered the code within its {int(flow.get('expires_in', 900)) // 60} minutes",
                next_step="try again with `batchreset auth login`, and enter the code it shows",
            )


def by_browser(
    application: Application,
    keep: Keep,
    *,
    say: Say,
    port: int,
    open_browser: Callable[[str], object] = webbrowser.open,
) -> Granted:
    """Open the browser here, and wait until it comes back to a loopback address.

    Args:
        application: who asks.
        keep: as in `by_device_code`.
        say: shows a line.
        port: of `http://localhost:PORT`, as it is registered for the application; 0: any free one.
        open_browser: shows an address to the person.

    Raises:
        Refused: declined or not allowed.
        SignInError: it took too long, what came back was not the answer, or the port is in use.
        Unclear: no clear answer came.
    """
    client = application.client("", keep)
    if not application.has_browser_sign_in:
        raise SignInError(
            "this sign-in service offers no sign-in by browser",
            next_step="sign in with `batchreset auth login`, without --browser",
        )
    with listening(port) as loopback:
        with warnings.catch_warnings():
            # msal advises against the query, which some providers know nothing else than.
            warnings.simplefilter("ignore", UserWarning)
            flow = client.initiate_auth_code_flow(
                application.scopes,
                redirect_uri=loopback.redirect_uri,
                prompt="select_account",
                response_mode=application.response_mode,
            )
        say("Your browser opens to sign in. If it does not, open this address in a browser on this machine:")
        say(f"  {flow['auth_uri']}")
        # Beside us: a browser that runs in the terminal comes back only when it is left.
        threading.Thread(target=open_browser, args=(flow["auth_uri"],), daemon=True).start()
        came = loopback.wait(flow["state"], seconds=BROWSER_SECONDS)
    if came is None:
        raise SignInError(
            f"nobody signed in within {BROWSER_SECONDS // 60} minutes",
            next_step="try again, or sign in on another device without --browser",
        )
    try:
        answer = client.acquire_token_by_auth_code_flow(flow, dict(came))
    except ValueError:
        raise SignInError(
            "what came back from the browser does not belong to this sign-in",
            next_step="try again, in one browser window",
        ) from None
    return application.granted(answer)
