"""Calibration of fits: simulated data sets, ranks of true values, coverage of intervals."""
