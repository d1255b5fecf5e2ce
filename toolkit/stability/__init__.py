"""Recursive stability and generalisation of loops, measured on paired runs."""

from toolkit.stability.generalization import generalization_bound as generalization_bound
from toolkit.stability.recursive import recursive_stability as recursive_stability
from toolkit.stability.trajectories import paired_distance as paired_distance
