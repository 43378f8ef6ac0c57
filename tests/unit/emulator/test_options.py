"""Transform options: what is understood, and what is refused by name."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images_app.emulator.errors import DeliveryError
from images_app.emulator.options import Options, Trim, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w=400", Options(width=400)),
        ("width=400,height=300,fit=cover", Options(width=400, height=300, fit="cover")),
        ("w=1,h=2,q=50,f=webp,g=left", Options(1, 2, quality=50, format="webp", focus=(0.0, 0.5))),
        ("quality=medium-low", Options(quality=50)),
        ("g=0.25x1", Options(focus=(0.25, 1.0))),
        ("gravity=auto", Options(focus=None)),
        ("dpr=1.5,anim=false", Options(dpr=1.5, anim=False)),
        ("background=%23ff000080", Options(background=(255, 0, 0, 128))),
        ("background=rgb%28240,40,145%29,w=5", Options(width=5, background=(240, 40, 145, 255))),
        ("background=rgb(0 255 0 / 50%25)", Options(background=(0, 255, 0, 128))),
        ("background=rebeccapurple", Options(background=(102, 51, 153, 255))),
        ("trim=1;2;3;4", Options(trim=Trim(1, 2, 3, 4))),
        ("trim.width=10,trim.left=5", Options(trim=Trim(left=5, width=10))),
        ("brightness=0,contrast=1.5,gamma=.5,saturation=0", Options(contrast=1.5, gamma=0.5, saturation=0.0)),
        ("blur=250,sharpen=2.5,rotate=270,flip=hv", Options(blur=250, sharpen=2.5, rotate=270, flip="hv")),
        ("metadata=keep,compression=fast,onerror=redirect", Options(metadata="keep", fast=True)),
    ],
)
def test_options_are_understood(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("w=0", "width"),
        ("w=12001", "width"),
        ("w=-5", "width"),
        ("w=4e2", "width"),
        ("w=٤٠٠", "width"),
        ("w=auto", "client hints"),
        ("w=1,width=2", "twice"),
        ("fit=scale-up", "fit"),
        ("f=jpg", "format"),
        ("f=png", "format"),
        ("g=face", "face"),
        ("g=2x0", "gravity"),
        ("g=nanx0", "gravity"),
        ("g=upward", "gravity"),
        ("q=101", "quality"),
        ("dpr=3", "dpr"),
        ("anim=yes", "anim"),
        ("background=#12", "background"),
        ("background=evil", "background"),
        ("blur=251", "blur"),
        ("sharpen=11", "sharpen"),
        ("rotate=45", "rotate"),
        ("trim=1;2", "trim"),
        ("trim=border", "trim"),
        ("trim.border=1", "trim.border"),
        ("zoom=0.5", "zoom"),
        ("segment=foreground", "segment"),
        ("upscale=generate", "upscale"),
        ("border=1", "border"),
        ("scq=50", "slow-connection-quality"),
        ("onerror=fail", "onerror"),
        ("nonsense=1", "nonsense"),
        ("w=1,", "name=value"),
        ("w=" + "1" * 2000, "too many"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(text, named):
    with pytest.raises(DeliveryError) as caught:
        parse(text)
    assert caught.value.code == 9401
    assert caught.value.status == 400
    assert named in caught.value.message


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused(text):
    with suppress(DeliveryError):  # anything else is a fault
        assert isinstance(parse(text), Options)
