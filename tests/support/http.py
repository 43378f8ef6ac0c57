"""Somebody without credentials, who waits as long as a busy machine takes: `httpx.get` and its like give up after five
seconds, of which a test machine may stand still for one or two."""

import httpx

anybody = httpx.Client(timeout=120, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
"""Each request has a connection of its own, as between strangers. Safe for many threads."""
