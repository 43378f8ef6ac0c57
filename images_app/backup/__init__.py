"""A copy of the embedded default's data, made while the server runs, and the way back.

    <folder>/objects/data/<key>  objects/types/<key>   originals; never changed, so each is copied once
    <folder>/cloudflare/blobs/<xx>/<blob>              the local Cloudflare's images, likewise
    <folder>/snapshots/<time>/aeontel.db  cloudflare.db  keys/…  manifest.json

A snapshot counts when it has its manifest, which is written last. The databases are copied first, each in one moment;
then everything that they name. What the server deletes meanwhile is missing from the copy and said to be: its deletion
was under way, and `aeontel doctor` knows what to do after the way back.
"""
