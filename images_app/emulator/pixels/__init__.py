"""Decoding and encoding, in child processes with limits. `pool` is the parent's side, `worker` the child's."""
