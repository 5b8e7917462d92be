"""The sequence of Microsoft's own PowerShell module: `Set-PartnerCustomerUser` reads a user, then patches it.

Source: the module's SetPartnerCustomerUser.cs, which gets the user, then patches it, and waits for both before it takes
the next object of the pipeline. The .NET client keeps its connection, as httpx's does here.
"""

import ssl

import httpx

from benchmarks.speed.peers.bare import asked, body, headers


def main() -> None:
    what = asked()
    with httpx.Client(verify=ssl.create_default_context(cafile=what.ca_file), timeout=60) as client:
        for number, address in what.rows():
            user = address.removesuffix("/resetpassword")
            client.get(user, headers=headers()).raise_for_status()
            client.patch(user, headers=headers(), content=body(number)).raise_for_status()


if __name__ == "__main__":
    main()
