"""Measurements, each module one subject with `main()`. `make bench` runs them all: `python -m bench`."""
