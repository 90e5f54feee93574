"""Gal & Ghahramani 2016 on nine UCI sets, with the published splits and the leak-free grid."""
