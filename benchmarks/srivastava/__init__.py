"""Ways to regularize one network, side by side on real data."""
