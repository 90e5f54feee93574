"""Penalized linear models: paths, cross-validation, estimators."""
