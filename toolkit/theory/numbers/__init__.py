"""The theorems of ``symbolic`` as functions of numbers, made from their right-hand sides alone.

`number` checks its values and uses NumPy; `function` gives the same numbers under JAX's ``jit``,
``grad`` and ``vmap``; both also in log form.
"""

from toolkit.theory.numbers.api import (
    expression,
    function,
    log_contraction_constant,
    log_directional_factor,
    number,
    theorem,
)
from toolkit.theory.numbers.counts import mean_over_counts
from toolkit.theory.numbers.domains import conditions_in_words

__all__ = [
    "conditions_in_words",
    "expression",
    "function",
    "log_contraction_constant",
    "log_directional_factor",
    "mean_over_counts",
    "number",
    "theorem",
]
