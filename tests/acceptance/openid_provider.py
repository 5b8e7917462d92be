"""Somebody else's OpenID provider (oidc-provider-mock) over TLS, in a process of its own: started by a test.

Prints its port, and the path of its certificate authority is given on the command line. It serves until it is killed.
"""

import ssl
import sys
import warnings
from pathlib import Path

import trustme
from werkzeug.serving import make_server


def main() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, of libraries it will move away from
        import oidc_provider_mock  # noqa: PLC0415  it warns when it is imported

        app = oidc_provider_mock.app()
    authority = trustme.CA()
    Path(sys.argv[1]).write_bytes(authority.cert_pem.bytes())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    server = make_server("localhost", 0, app, threaded=True, ssl_context=tls)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
