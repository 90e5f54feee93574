"""Ours against the peers: `make bench` writes docs/performance.md."""
