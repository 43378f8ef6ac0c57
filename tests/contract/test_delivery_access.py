"""Who sees a private image: every good and bad signature and token, each to its verdict, over HTTP as sent."""

import base64
import http.client
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest

from images_app.cloudflare.delivery import CloudflareSignature, Delivery, Signature, TokenSignature
from images_app.emulator.signatures import sign
from tests.support import photos
from tests.support.emulator import ACCOUNT_HASH, RunningEmulator

KEY = "a signing key, as text"
SECRET = "a secret of the edge, of a good length"
OTHER_SECRET = "another secret, of the same good length"
KID = "edge-1"
SHOWN, DENIED = "shown", "9425"


@dataclass(frozen=True)
class Ground:
    """An account with a private image, another private one and a public one."""

    emulator: RunningEmulator
    image: str
    other: str
    public: str

    def get(self, target: str) -> tuple[int, dict[str, str], bytes]:
        """The answer to exactly this target under the delivery's mount point; nothing is normalised on the way."""
        connection = http.client.HTTPConnection("127.0.0.1", self.emulator.port, timeout=20)
        try:
            connection.request("GET", f"/imagedelivery{target}", headers={"Accept": "*/*"})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def verdict(self, target: str) -> str:
        """`shown`, or Cloudflare's number for the refusal."""
        status, headers, body = self.get(target)
        if status == 200:
            assert headers["content-type"].startswith("image/")
            return SHOWN
        code = headers["cf-images"].removeprefix("err=")
        assert body.startswith(f"ERROR {code}: ".encode())
        assert headers["cache-control"] == "no-store"
        return code

    def path(self, tail: str = "public", image: str = "") -> str:
        return f"/{ACCOUNT_HASH}/{image or self.image}/{tail}"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    data_dir = tmp_path_factory.mktemp("access")
    with RunningEmulator(data_dir, signing_key=KEY, jwt_keys={KID: SECRET, "old": OTHER_SECRET}) as emulator:
        options = {"fit": "scale-down", "width": 50, "height": 50, "metadata": "none"}
        for name, never in (("grid", False), ("open", True)):
            body = {"id": name, "options": options, "neverRequireSignedURLs": never}
            emulator.http.post(f"{emulator.account}/v1/variants", json=body).raise_for_status()
        image, other = (emulator.uploaded(photos.quadrants(), requireSignedURLs="true") for _ in range(2))
        yield Ground(emulator, image, other, emulator.uploaded(photos.quadrants()))


def soon(seconds: int = 600) -> int:
    return int(time.time()) + seconds


def signed(path: str, *, exp: object = None, key: str = KEY, more: str = "", of: str = "") -> str:
    """`path` with a signature, which is that of `of` when another path is named."""
    query = f"exp={soon() if exp is None else exp}{more}"
    return f"{path}?{query}&sig={sign(of or path, query, key)}"


def token(
    ground: Ground,
    *,
    secret: str = SECRET,
    algorithm: str = "HS256",
    header: dict[str, object] | None = None,
    **claims: object,
) -> str:
    """A token for the private image's `public`, with these claims (None: left out) and header fields otherwise."""
    all_claims = {"aud": ACCOUNT_HASH, "sub": ground.image, "var": "public", "exp": soon()} | claims
    given = {name: value for name, value in all_claims.items() if value is not None}
    fields = {"alg": algorithm, "kid": KID} | (header or {})
    head, body = (
        part(json.dumps(each).encode()) for each in ({k: v for k, v in fields.items() if v is not None}, given)
    )
    if algorithm == "none":
        return f"{head}.{body}."
    digest = jwt.get_algorithm_by_name(algorithm).sign(f"{head}.{body}".encode(), secret.encode())
    return f"{head}.{body}.{part(digest)}"


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def another_spelling(text: str) -> str:
    """The same bytes in base64 with other unused bits at the end (32 bytes are 43 characters and 2 bits too many)."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = text[:-1] + alphabet[alphabet.index(text[-1]) + 1]
    assert base64.urlsafe_b64decode(f"{changed[-43:]}=") == base64.urlsafe_b64decode(f"{text[-43:]}=")
    return changed


def flipped(text: str, at: int) -> str:
    """`text` with another character at this place."""
    letters = list(text)
    letters[at] = "A" if letters[at] != "A" else "B"
    return "".join(letters)


def with_token(ground: Ground, text: str, tail: str = "public", image: str = "") -> str:
    return f"{ground.path(tail, image)}?token={text}"


Case = Callable[[Ground], str]

WITHOUT: dict[str, tuple[Case, str]] = {
    "public image": (lambda g: g.path(image=g.public), SHOWN),
    "public image with a bad signature": (lambda g: g.path("public?exp=1&sig=x", g.public), SHOWN),
    "unsigned": (lambda g: g.path(), DENIED),
    "unsigned, open variant": (lambda g: g.path("open"), SHOWN),
    "empty query": (lambda g: g.path("public?"), DENIED),
    "flexible on a private image": (lambda g: g.path("w=40"), DENIED),
    "flexible behind the variant": (lambda g: g.path("public/w=40"), DENIED),
    "description of a private image": (lambda g: g.path("format=json"), DENIED),
    "unknown variant": (lambda g: g.path("poster"), DENIED),
    "unknown image": (lambda g: g.path(image="0" * 36), "9404"),
    "another account": (lambda g: g.path().replace(ACCOUNT_HASH, "x"), "9427"),
}
SIGNED: dict[str, tuple[Case, str]] = {
    "good": (lambda g: signed(g.path()), SHOWN),
    "good, other variant": (lambda g: signed(g.path("grid")), SHOWN),
    "good, on the public image": (lambda g: signed(g.path(image=g.public)), SHOWN),
    "good for a century": (lambda g: signed(g.path(), exp=soon(10**10)), SHOWN),
    "more was signed": (lambda g: signed(g.path(), more="&v=2"), SHOWN),
    "expired": (lambda g: signed(g.path(), exp=soon(-1)), DENIED),
    "expired long ago": (lambda g: signed(g.path(), exp=1), DENIED),
    "no expiry": (lambda g: f"{g.path()}?sig={sign(g.path(), '', KEY)}", DENIED),
    "negative expiry": (lambda g: signed(g.path(), exp=-soon()), DENIED),
    "fractional expiry": (lambda g: signed(g.path(), exp=f"{soon()}.5"), DENIED),
    "huge expiry": (lambda g: signed(g.path(), exp="9" * 13), DENIED),
    "expiry in other digits": (lambda g: signed(g.path(), exp="%D9%A9" * 10), DENIED),
    "later than signed": (lambda g: signed(g.path(), exp=soon()).replace("exp=", "exp=9"), DENIED),
    "other image": (lambda g: signed(g.path(), of=g.path(image=g.other)), DENIED),
    "other variant": (lambda g: signed(g.path(), of=g.path("grid")), DENIED),
    "wrong key": (lambda g: signed(g.path(), key="not the key"), DENIED),
    "empty key": (lambda g: signed(g.path(), key=" "), DENIED),
    "tampered": (lambda g: flipped(signed(g.path()), -1), DENIED),
    "cut short": (lambda g: signed(g.path())[:-1], DENIED),
    "no signature": (lambda g: g.path(f"public?exp={soon()}"), DENIED),
    "empty signature": (lambda g: g.path(f"public?exp={soon()}&sig="), DENIED),
    "upper case": (lambda g: signed(g.path()).replace("sig=", "SIG="), DENIED),
    "two signatures": (lambda g: signed(g.path()) + "&sig=x", DENIED),
    "two expiries": (lambda g: signed(g.path(), more=f"&exp={soon()}"), DENIED),
    "more than was signed": (lambda g: signed(g.path()) + "&v=2", DENIED),
    "oversized": (lambda g: signed(g.path(), more="&v=" + "x" * 4096), DENIED),
    "flexible": (lambda g: signed(g.path("w=40")), DENIED),
    "letter encoded after signing": (lambda g: signed(g.path("%70ublic"), of=g.path()), DENIED),
    "letter encoded before signing": (lambda g: signed(g.path("%70ublic")), SHOWN),
    "encoded twice": (lambda g: signed(g.path("%2570ublic")), DENIED),
    "slash encoded": (lambda g: signed(g.path("public"), of=g.path()).replace("/public", "%2Fpublic"), "9432"),
    "slash added": (lambda g: signed(g.path("public/"), of=g.path()), DENIED),
    "slash doubled": (lambda g: signed(f"/{g.path()}", of=g.path()), DENIED),
    "dots": (lambda g: signed(f"/{ACCOUNT_HASH}/{g.other}/../{g.image}/public", of=g.path()), "9404"),
    "parameters in the path": (lambda g: signed(g.path(), of=g.path()).replace("?", "%3F"), "9425"),
}
TOKENS: dict[str, tuple[Case, str]] = {
    "good": (lambda g: with_token(g, token(g)), SHOWN),
    "good, other key": (lambda g: with_token(g, token(g, secret=OTHER_SECRET, header={"kid": "old"})), SHOWN),
    "good, with its type": (lambda g: with_token(g, token(g, header={"typ": "JWT"})), SHOWN),
    "good, letter encoded": (lambda g: with_token(g, token(g), "%70ublic"), SHOWN),
    "expired": (lambda g: with_token(g, token(g, exp=soon(-1))), DENIED),
    "no expiry": (lambda g: with_token(g, token(g, exp=None)), DENIED),
    "expiry as text": (lambda g: with_token(g, token(g, exp=str(soon()))), DENIED),
    "expiry is true": (lambda g: with_token(g, token(g, exp=True)), DENIED),
    "endless": (lambda g: with_token(g, token(g, exp=float("inf"))), DENIED),
    "early": (lambda g: with_token(g, token(g, nbf=soon(60))), DENIED),
    "made in the future": (lambda g: with_token(g, token(g, iat=soon(60))), DENIED),
    "made and valid since": (lambda g: with_token(g, token(g, iat=soon(-9), nbf=soon(-9))), SHOWN),
    "more is said": (lambda g: with_token(g, token(g, more="x" * 2000)), SHOWN),
    "beginning as text": (lambda g: with_token(g, token(g, nbf="now")), DENIED),
    "other image": (lambda g: with_token(g, token(g), image=g.other), DENIED),
    "other variant": (lambda g: with_token(g, token(g), "grid"), DENIED),
    "no image": (lambda g: with_token(g, token(g, sub=None)), DENIED),
    "no variant": (lambda g: with_token(g, token(g, var=None)), DENIED),
    "any variant": (lambda g: with_token(g, token(g, var="*")), DENIED),
    "other audience": (lambda g: with_token(g, token(g, aud="another-account")), DENIED),
    "audience among others": (lambda g: with_token(g, token(g, aud=[ACCOUNT_HASH, "x"])), DENIED),
    "no audience": (lambda g: with_token(g, token(g, aud=None)), DENIED),
    "none algorithm": (lambda g: with_token(g, token(g, algorithm="none")), DENIED),
    "none algorithm, signed": (lambda g: with_token(g, token(g, header={"alg": "none"})), DENIED),
    "no algorithm": (lambda g: with_token(g, token(g, header={"alg": None})), DENIED),
    "stronger algorithm": (lambda g: with_token(g, token(g, algorithm="HS512", secret=SECRET * 2)), DENIED),
    "claims to be RS256": (lambda g: with_token(g, token(g, header={"alg": "RS256"})), DENIED),
    "wrong key": (lambda g: with_token(g, token(g, secret=OTHER_SECRET)), DENIED),
    "Cloudflare's key": (lambda g: with_token(g, token(g, secret=KEY * 2)), DENIED),
    "unknown kid": (lambda g: with_token(g, token(g, header={"kid": "edge-2"})), DENIED),
    "no kid": (lambda g: with_token(g, token(g, header={"kid": None})), DENIED),
    "kid is a number": (lambda g: with_token(g, token(g, header={"kid": 1})), DENIED),
    "kid is a path": (lambda g: with_token(g, token(g, header={"kid": "../../dev/null"})), DENIED),
    "brings its own key": (lambda g: with_token(g, token(g, header={"jwk": {"kty": "oct", "k": "AA"}})), DENIED),
    "critical extension": (lambda g: with_token(g, token(g, header={"crit": ["b64"], "b64": False})), DENIED),
    "tampered header": (lambda g: with_token(g, flipped(token(g), 4)), DENIED),
    "tampered claims": (lambda g: with_token(g, flipped(token(g), token(g).index(".") + 9)), DENIED),
    "tampered signature": (lambda g: with_token(g, flipped(token(g), -9)), DENIED),
    "signature spelt otherwise": (lambda g: with_token(g, another_spelling(token(g))), DENIED),
    "padded": (lambda g: with_token(g, token(g) + "="), DENIED),
    "dots encoded": (lambda g: with_token(g, token(g).replace(".", "%2E")), DENIED),
    "oversized": (lambda g: with_token(g, token(g, more="x" * 4096)), DENIED),
    "nested without end": (lambda g: with_token(g, f"{part(b'[' * 2000)}.{part(b'{}')}."), DENIED),
    "empty": (lambda g: with_token(g, ""), DENIED),
    "no token at all": (lambda g: with_token(g, "a.b.c"), DENIED),
    "no text": (lambda g: with_token(g, "%ff%00"), DENIED),
    "twice": (lambda g: with_token(g, f"{token(g)}&token={token(g)}"), DENIED),
    "with something else": (lambda g: with_token(g, f"{token(g)}&width=400"), DENIED),
    "name in capitals": (lambda g: with_token(g, token(g)).replace("token=", "TOKEN="), DENIED),
    "flexible": (lambda g: with_token(g, token(g, var="w=40"), "w=40"), DENIED),
    "both forms, both good": (lambda g: f"{signed(g.path())}&token={token(g)}", DENIED),
    "both forms, the token signed": (lambda g: signed(g.path(), more=f"&token={token(g)}"), DENIED),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_without_a_signature(ground: Ground, name: str) -> None:
    target, verdict = WITHOUT[name]
    assert ground.verdict(target(ground)) == verdict


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature(ground: Ground, name: str) -> None:
    target, verdict = SIGNED[name]
    assert ground.verdict(target(ground)) == verdict


@pytest.mark.parametrize("name", TOKENS)
def test_a_token(ground: Ground, name: str) -> None:
    target, verdict = TOKENS[name]
    assert ground.verdict(target(ground)) == verdict


@pytest.mark.parametrize(
    "signature",
    [CloudflareSignature(KEY), TokenSignature(SECRET, key_id=KID)],
    ids=["cloudflare", "jwt"],
)
def test_what_the_product_signs_is_shown_and_kept_until_it_expires(ground: Ground, signature: Signature) -> None:
    delivery = Delivery(f"{ground.emulator.url}/imagedelivery", lambda: ACCOUNT_HASH, signature=signature)
    url = delivery.url(ground.image, "grid", private=True)
    status, headers, _ = ground.get(url.partition("/imagedelivery")[2])
    assert status == 200
    kind, _, age = headers["cache-control"].partition(", max-age=")
    assert (kind, headers["vary"]) == ("private", "Accept")
    assert 1795 <= int(age) <= 3600
    assert ground.verdict(delivery.url(ground.other, "grid", private=True).partition("/imagedelivery")[2]) == SHOWN
    expired = delivery.url(ground.image, "grid", private=True, now=time.time() - 3600)
    assert ground.verdict(expired.partition("/imagedelivery")[2]) == DENIED


def test_every_key_of_the_account_is_good_until_it_is_deleted(ground: Ground) -> None:
    keys = f"{ground.emulator.account}/v1/keys"
    made = ground.emulator.http.put(f"{keys}/second").json()["result"]["keys"]
    assert made[0] == {"name": "default", "value": KEY}
    target = signed(ground.path(), key=made[1]["value"])
    assert ground.verdict(target) == SHOWN
    ground.emulator.http.delete(f"{keys}/second").raise_for_status()
    assert ground.verdict(target) == DENIED


def test_a_picture_that_is_still_the_same_needs_a_signature_too(ground: Ground) -> None:
    etag = ground.get(signed(ground.path()))[1]["etag"]
    connection = http.client.HTTPConnection("127.0.0.1", ground.emulator.port, timeout=20)
    found = []
    for target in (signed(ground.path()), ground.path()):
        connection.request("GET", f"/imagedelivery{target}", headers={"If-None-Match": etag})
        answer = connection.getresponse()
        answer.read()
        found.append(answer.status)
    connection.close()
    assert found == [304, 403]


def test_the_operators_key_is_given_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    def keys(key: str, *, delete: bool = False) -> dict[str, str]:
        with RunningEmulator(tmp_path, signing_key=key) as emulator:
            place = f"{emulator.account}/v1/keys"
            if delete:
                emulator.http.put(f"{place}/mine").raise_for_status()
                emulator.http.delete(f"{place}/default").raise_for_status()
            listed = emulator.http.get(place).json()["result"]["keys"]
            return {each["name"]: each["value"] for each in listed}

    assert len(keys("")["default"]) == 64
    assert keys("one") == {"default": "one"}
    assert set(keys("one", delete=True)) == {"mine"}
    assert set(keys("one")) == {"mine"}
    assert keys("two")["default"] == "two"
    assert set(keys("")) == {"mine", "default"}
