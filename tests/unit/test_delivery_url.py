"""Delivery URLs."""

from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from images_app.cloudflare.delivery import CloudflareSignature, Delivery, Picture, TokenSignature

SECRET = "a secret of the edge, of a good length"
NOON = 1_800_000_000  # divides by 1800


@pytest.mark.parametrize(
    ("image_id", "variant", "expected"),
    [
        ("2f5a", "public", "https://imagedelivery.net/hash/2f5a/public"),
        ("a/b c.jpg", "grid", "https://imagedelivery.net/hash/a/b%20c.jpg/grid"),
        ("50%", "w=400,h=3", "https://imagedelivery.net/hash/50%25/w%3D400%2Ch%3D3"),
        ("é?#", "public", "https://imagedelivery.net/hash/%C3%A9%3F%23/public"),
    ],
)
def test_ids_are_encoded_and_sub_paths_stay(image_id, variant, expected):
    assert Delivery("https://imagedelivery.net/", lambda: "hash").url(image_id, variant) == expected


def test_the_origin_has_no_path():
    assert Delivery("http://localhost:3000/imagedelivery", lambda: "hash").origin == "http://localhost:3000"


def test_a_private_image_gets_no_link_that_cannot_work():
    with pytest.raises(ValueError, match="private"):
        Delivery("https://imagedelivery.net", lambda: "hash").url("x", private=True)


def test_the_recorded_vector_of_cloudflares_scheme():
    picture = Picture("cheeW4oKsx5ljh8e8BoL2A", "bc27a117-9509-446b-8c69-c81bfeac0a01", "mobile")
    query = CloudflareSignature("this is a secret").query(picture, 1631289275)
    assert query == "exp=1631289275&sig=77d3f91af4c1c9199a3dec74098b4be64485d3887164e936349023a4e7c4f4a1"


def test_the_path_is_signed_as_it_stands_in_the_url_after_the_base():
    delivery = Delivery("http://localhost:3000/imagedelivery", lambda: "hash", signature=CloudflareSignature("key"))
    parts = urlsplit(delivery.url("a b", "public", private=True, now=NOON))
    assert parts.path == "/imagedelivery/hash/a%20b/public"
    assert parts.query == CloudflareSignature("key").query(Picture("hash", "a b", "public"), NOON + 3600)


def test_a_token_names_the_picture_and_nothing_that_changes():
    signature = TokenSignature(SECRET, key_id="edge-1")
    url = Delivery("https://images.example.com", lambda: "hash", signature=signature).url(
        "a/b", "grid", private=True, now=NOON
    )
    token = parse_qs(urlsplit(url).query)["token"][0]
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "edge-1", "typ": "JWT"}
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="hash", options={"verify_exp": False})
    assert claims == {"aud": "hash", "sub": "a/b", "var": "grid", "exp": NOON + 3600}


@pytest.mark.parametrize("validity", [2, 5, 60, 3600])
def test_a_signed_url_stays_the_same_for_a_window_and_is_good_for_half_to_all_of_its_validity(validity):
    delivery = Delivery("https://x.example", lambda: "hash", signature=CloudflareSignature("key"), validity_s=validity)
    window = validity // 2
    start = NOON - NOON % window
    urls = [delivery.url("x", private=True, now=start + second + 0.9) for second in range(2 * window)]
    assert len(set(urls)) == 2
    for second, url in enumerate(urls):
        left = int(parse_qs(urlsplit(url).query)["exp"][0]) - (start + second)
        assert window < left <= 2 * window <= validity


def test_a_public_image_is_not_signed_whatever_the_key():
    delivery = Delivery("https://x.example", lambda: "hash", signature=CloudflareSignature("key"))
    assert delivery.url("x") == "https://x.example/hash/x/public"


def test_the_account_hash_is_asked_for_with_every_url():
    known = iter(["", "hash"])
    delivery = Delivery("https://x.example", lambda: next(known))
    assert [delivery.url("x"), delivery.url("x")] == ["https://x.example//x/public", "https://x.example/hash/x/public"]
