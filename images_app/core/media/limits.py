"""How large a picture may be: what Cloudflare Images takes, and what we are willing to decode.

Cloudflare's limits: developers.cloudflare.com/images, "Limits" (10 MB, 12,000 px a side, 100 megapixels; an
animation is counted over all its frames, and above 50 megapixels it is delivered without being resized). A picture
beyond them, or in a format that it refuses, is provisioned as a derivative.
"""

ACCEPTED = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""Formats passed on as they are. HEIC is documented both as taken and as refused; AVIF is for Enterprise plans."""

READ = ACCEPTED | {"image/heic", "image/heif", "image/avif", "image/tiff", "image/bmp", "image/svg+xml"}
"""Formats that can be uploaded as pictures."""

DERIVATIVES = {"image/jpeg": ".jpg", "image/webp": ".webp", "image/svg+xml": ".svg"}
"""What a derivative may be, and how its file's name ends."""

MAX_BYTES = 10_000_000
"""Whether Cloudflare's 10 MB are 10^6 or 2^20 bytes each is not documented: the smaller reading is always safe."""

MAX_SIDE = 12_000
MAX_AREA = 100_000_000
MAX_ANIMATION = 50_000_000
"""Pixels of all frames together, so that variants of an animation are resized too."""

STREAMED = frozenset({"image/jpeg", "image/png", "image/tiff"})
"""Formats that libvips decodes strip by strip: memory does not grow with the picture (progressive JPEG: 6 B/px)."""

DECODE_STREAMED = 250_000_000
DECODE_WHOLE = 100_000_000
"""Pixels of a picture that is decoded at once, at up to 8 bytes each."""
DECODE_ANIMATION = 300_000_000
"""Pixels of all frames that are decoded to make a smaller animation; a longer one becomes a still.

libvips holds every frame of a WebP at once, at 4 bytes a pixel."""
DECODE_SIDE = 100_000

DERIVATIVE_AREA = 50_000_000
SVG_BYTES = 10_000_000
SVG_DEPTH = 200
SVG_ELEMENTS = 200_000
SVG_SIDE = 100_000
EXIF_BYTES = 16_384
"""Of JSON."""
THUMB_SIDE = 100
"""The most that a thumbhash is made from."""
