"""Speed of the ensembles inside a dropout network, ours against a plain loop in PyTorch."""
