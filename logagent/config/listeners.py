"""The addresses that an agent listens on, checked: what would show logs to others on the network must be meant."""

from __future__ import annotations

from pathlib import Path

from logagent.config.values import Address, UnixAddress, fits_a_socket


def url_of(address: Address | UnixAddress, *, base: Path, secure: bool, allow_cleartext: bool) -> str:
    """Return the URL of an address to listen on, with a scheme and a port, or with an absolute path.

    Args:
        address: as it was read.
        base: the directory that relative paths start from.
        secure: whether there is a certificate.
        allow_cleartext: whether cleartext is meant where it leaves the machine.

    Raises:
        ValueError: with what would be right.
    """
    if isinstance(address, UnixAddress):
        return UnixAddress(fits_a_socket(str((base / address.path).absolute()))).url
    address = address._replace(tls=secure if address.tls is None else address.tls)
    if address.tls and not secure:
        raise ValueError(f"{address.url} needs a certificate: give certs, or tls_certificate and tls_key")
    if not address.tls and not address.loopback:
        require_cleartext_is_meant(address.url, allow_cleartext=allow_cleartext)
    return address.url


def require_cleartext_is_meant(url: str, *, allow_cleartext: bool) -> None:
    """Check that cleartext to a host that is not this machine is meant.

    Raises:
        ValueError: if it is not.
    """
    if not allow_cleartext:
        raise ValueError(
            f"{url} would be cleartext on an address that is not loopback: "
            "give a certificate (see certs), or say --allow-cleartext"
        )
