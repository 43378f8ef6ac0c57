"""A local Cloudflare Images: the API, delivery and transformations over the wire. See README.md.

It imports nothing of the product, and the product reaches it only over HTTP. This module imports nothing either:
the pixel children start through it and must stay small.
"""
