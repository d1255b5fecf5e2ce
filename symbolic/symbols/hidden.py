"""Symbols only inside derivations: densities, draws and intermediate states."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import random

image = sp.Symbol("x", real=True)
image_draw = random("y", real=True)
density = sp.Function("q", positive=True)
mixture = sp.Function("q_mix", positive=True)
posterior = sp.Function("r", nonnegative=True)
injected_diversity = random("H_inj", nonnegative=True)
injected_diversity_at = sp.IndexedBase(random("H_inj", nonnegative=True), nonnegative=True)
target_overlap_at = sp.IndexedBase(random("o", nonnegative=True), nonnegative=True)
next_target_overlap = random("o'", nonnegative=True)
normal_draw = sp.IndexedBase(random("z", real=True), real=True)
generated_image = random("g", real=True)
user_image = random("f", real=True)
share_power = sp.Symbol("power", positive=True)  # at most 1
