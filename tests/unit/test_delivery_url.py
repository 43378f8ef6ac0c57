"""Delivery URLs."""

import pytest

from images_app.cloudflare.delivery import Delivery


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
    assert Delivery("https://imagedelivery.net/", "hash").url(image_id, variant) == expected


def test_the_origin_has_no_path():
    assert Delivery("http://localhost:3000/imagedelivery", "hash").origin == "http://localhost:3000"


def test_a_private_image_gets_no_link_that_cannot_work():
    with pytest.raises(ValueError, match="private"):
        Delivery("https://imagedelivery.net", "hash").url("x", private=True)
