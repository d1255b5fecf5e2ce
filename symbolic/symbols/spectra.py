"""Symbols of the covariance as a whole: its root, its determinant, its trace."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import random

power = sp.Symbol("q", real=True)
direction = sp.IndexedBase(sp.Symbol("v", real=True), real=True)

# The quadratic form of the covariance's root along a vector.
root_form = sp.Symbol("R_0", nonnegative=True)
next_root_form = random("R'", nonnegative=True)
root_form_at = sp.IndexedBase(random("R", nonnegative=True), nonnegative=True)

determinant = sp.Symbol("det_0", positive=True)
determinant_at = sp.IndexedBase(random("det", positive=True), positive=True)

image_square_trace = sp.Symbol("Q_0", positive=True)
square_trace_at = sp.IndexedBase(random("Q", positive=True), positive=True)
trace_variance = sp.Symbol("Var_T", nonnegative=True)

# Only inside derivations: the next covariance's root and variances in the eigenbasis, its powers.
root_diagonal = sp.IndexedBase(random("r", nonnegative=True), nonnegative=True)
root_off = sp.IndexedBase(random("o", real=True), real=True)
next_axis_variance = sp.IndexedBase(random("V'", positive=True), positive=True)
squared_trace_at = sp.IndexedBase(random("T2", positive=True), positive=True)
next_trace = random("T'", positive=True)
next_square_trace = random("Q'", positive=True)
root_ratio = sp.IndexedBase(random("y", positive=True), positive=True)  # next over old, per axis
next_power_trace = random("P'", positive=True)  # tr Sigma'^q
wishart_trace = sp.IndexedBase(random("tr_W", positive=True), positive=True)  # by power
current_square_trace = sp.Symbol("Q_t", positive=True)

WORDS: dict[str, str] = {
    "power": "power of a random quantity whose mean is taken",
    "direction": "components of a fixed vector in the eigenbasis of the covariance",
    "root_form": "v' root(Sigma) v at generation 0, for a fixed vector v",
    "next_root_form": "v' root(Sigma) v after one image update",
    "root_form_at": "v' root(Sigma) v for a fixed vector v, indexed by image update",
    "determinant": "determinant of the covariance at generation 0",
    "determinant_at": "determinant of the covariance, indexed by image update",
    "image_square_trace": "trace of the squared covariance at generation 0",
    "square_trace_at": "trace of the squared covariance, indexed by image update",
    "current_square_trace": "trace of the squared covariance now",
    "trace_variance": "variance of the trace of the covariance after some image updates",
}
