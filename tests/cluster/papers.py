"""Certificates of a cluster."""

from dataclasses import dataclass, field
from pathlib import Path

import trustme
from namespaces import Host


@dataclass(frozen=True, slots=True)
class Papers:
    """An authority, and whom it has given a certificate."""

    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)

    @property
    def ca(self) -> Path:
        path = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(path))
        return path

    def of(self, *names: str) -> tuple[Path, Path]:
        """Certificate and key; for these names or addresses."""
        certificate, key = (self.folder / f"{names[0]}.{kind}" for kind in ("pem", "key"))
        if not key.exists():
            issued = self.authority.issue_cert(*names)
            issued.cert_chain_pems[0].write_to_path(str(certificate))
            issued.private_key_pem.write_to_path(str(key))
            key.chmod(0o600)
        return certificate, key

    def for_dask(self, host: Host) -> list[str | Path]:
        """The words that `dask scheduler` and `dask worker` want."""
        certificate, key = self.of(host.cluster)
        return ["--tls-ca-file", self.ca, "--tls-cert", certificate, "--tls-key", key]

    def for_batchreset(self, host: Host) -> list[str | Path]:
        """The same of batchreset."""
        certificate, key = self.of(host.cluster)
        return ["--cluster-ca-file", self.ca, "--cluster-cert-file", certificate, "--cluster-key-file", key]


def papers(folder: Path) -> Papers:
    folder.mkdir()
    return Papers(folder)
