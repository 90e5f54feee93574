"""Training speed of dropout networks: ours, PyTorch's and scikit-learn's, in examples a second."""
