"""Recursive stability and generalisation of loops, measured on paired runs."""

from toolkit.stability.recursive import recursive_stability as recursive_stability
from toolkit.stability.trajectories import paired_distance as paired_distance
