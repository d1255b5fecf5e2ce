"""The one table of tolerances: what a comparison may differ by, and why.

A tolerance is a property of the arithmetic, never of what a test happens to give.
"""

from __future__ import annotations

from typing import Final

EPSILON: Final = 2.0**-52

#: Two ways to the same float64 number in a handful of operations.
ROUNDING: Final = 64 * EPSILON

#: The same through small dense linear algebra (d <= 6, condition number up to 1e4).
LINEAR_ALGEBRA: Final = 1e-11

#: Log scales that have added up over thousands of generations, each rounded to the last place of
#: numbers of some hundreds; relative to the sum of the steps' sizes.
ACCUMULATED: Final = 1e-10

#: Sine and cosine of the fast generator: stated as 1e-13 in its docstring.
BOX_MULLER: Final = 2e-13

#: Box-Muller in the singles: rounding of the angle and the polynomials in float32.
BOX_MULLER_SINGLE: Final = 2e-6

#: Standard errors that a simulated mean may be from the value that a page gives.
STANDARD_ERRORS: Final = 4.0
