"""Loops: one kernel per module, ``step(rng_key, state) -> (state, info)``."""

from toolkit.loops import coevolving as _coevolving  # each registers its loop
from toolkit.loops import retraining as _retraining
from toolkit.loops.protocol import Dtype, Loop, Method, loop_of

del _coevolving, _retraining

__all__ = ["Dtype", "Loop", "Method", "loop_of"]
