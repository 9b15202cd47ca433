"""The forms of a certificate that its holder can make without its authority.

A signature by ECDSA has a twin: with (r, s) holds (r, n - s), n being the order of the curve. So whoever holds a
certificate can give it another fingerprint, and none that is told by its fingerprint must be taken for another thereby.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding

_ORDERS = (
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
)
"""The orders of P-256, P-384 and P-521 (NIST SP 800-186); a certificate does not say which curve its authority has."""
_SEQUENCE, _BITS = b"\x30", b"\x03"
_SHORT = 0x80


def mirrored(certificate: x509.Certificate) -> Iterator[bytes]:
    """Yield the other forms of a certificate, in DER: one for each curve that its signature may be of."""
    signed, signature = certificate.tbs_certificate_bytes, certificate.signature
    try:
        if not isinstance(certificate.signature_algorithm_parameters, ec.ECDSA):
            return
        r, s = utils.decode_dss_signature(signature)
    except (UnsupportedAlgorithm, ValueError):
        return  # None of the signatures that have twins.
    algorithm = _algorithm(certificate, signed, signature)
    for order in _ORDERS:
        if 0 < s < order and r < order:
            bits = _encoded(_BITS, b"\0" + utils.encode_dss_signature(r, order - s))
            yield _encoded(_SEQUENCE, signed + algorithm + bits)


def _algorithm(certificate: x509.Certificate, signed: bytes, signature: bytes) -> bytes:
    """Return the part of a certificate between what is signed and the signature."""
    whole = certificate.public_bytes(Encoding.DER)
    begin = whole.index(signed) + len(signed)
    return whole[begin : len(whole) - len(_encoded(_BITS, b"\0" + signature))]


def _encoded(tag: bytes, content: bytes) -> bytes:
    """Encode a value by ASN.1's distinguished rules."""
    size = len(content)
    if size < _SHORT:
        return tag + bytes([size]) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes([_SHORT | len(digits)]) + digits + content
