"""The header that answers a camera's challenge, against the examples of the RFCs."""

from __future__ import annotations

import base64
import hashlib
import re

from engine.camera.http import authorization

RFC7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


def said(header: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="?([^",]+)"?', header.removeprefix("Digest ")))


def test_basic_is_name_and_password_in_base64() -> None:
    header = authorization(['Basic realm="camera"'], "Aladdin", "open sesame", "/")
    assert header == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert base64.b64decode(header.split()[1]) == b"Aladdin:open sesame"


def test_digest_without_qop_is_the_hash_of_rfc_2069() -> None:
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    header = authorization([challenge], "Mufasa", "CircleOfLife", "/dir/index.html")
    assert header is not None
    assert said(header)["response"] == "1949323746fe6a43ef61f9606e7febea"


def test_digest_with_qop_hashes_the_nonces_of_both_sides() -> None:
    for algorithm, name in (("MD5", "md5"), ("SHA-256", "sha256")):
        challenge = RFC7616.format(algorithm=algorithm)
        header = authorization([challenge], "Mufasa", "Circle of Life", "/dir/index.html")
        assert header is not None
        values = said(header)

        def hashed(text: str, name: str = name) -> str:
            return hashlib.new(name, text.encode()).hexdigest()

        first = hashed("Mufasa:http-auth@example.org:Circle of Life")
        second = hashed("GET:/dir/index.html")
        expected = f"{first}:{values['nonce']}:00000001:{values['cnonce']}:auth:{second}"
        assert values["response"] == hashed(expected)
        assert values["opaque"].startswith("FQhe/")
        assert values["algorithm"] == algorithm


def test_of_several_challenges_the_strongest_known_one_is_answered() -> None:
    md5, sha = (RFC7616.format(algorithm=name) for name in ("MD5", "SHA-256"))
    header = authorization(["Basic realm=x", md5, sha], "a", "b", "/")
    assert header is not None
    assert "algorithm=SHA-256" in header
    assert authorization(["Negotiate", "NTLM"], "a", "b", "/") is None


def test_the_password_itself_is_never_in_a_digest() -> None:
    header = authorization([RFC7616.format(algorithm="MD5")], "a", "hunter2", "/")
    assert header is not None
    assert "hunter2" not in header
