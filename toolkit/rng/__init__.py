"""Random draws for the kernels: normals, counts, gammas and Bartlett factors.

JAX's own generator runs its rounds in a rolled loop on a CPU, spends 64 bits and an inverse
error function on each double, and draws counts and gammas in long sequential loops. Here the
same counter-based generator is unrolled (``bits``), elementary functions are polynomials
(``elementary``), a batch is laid along the axis of which a compiler makes vectors (``lanes``),
and of rejection methods several proposals are made at once, in one loop that nearly always runs
once.
"""

import jax

jax.config.update("jax_enable_x64", True)  # counts go up to 2^53

from toolkit.rng.bits import threefry as threefry  # noqa: E402
from toolkit.rng.counts import binomial as binomial  # noqa: E402
from toolkit.rng.counts import multinomial as multinomial  # noqa: E402
from toolkit.rng.gammas import bartlett as bartlett  # noqa: E402
from toolkit.rng.gammas import chi_square as chi_square  # noqa: E402
from toolkit.rng.gammas import gamma as gamma  # noqa: E402
from toolkit.rng.keys import fold_in as fold_in  # noqa: E402
from toolkit.rng.keys import split as split  # noqa: E402
from toolkit.rng.keys import uniform as uniform  # noqa: E402
from toolkit.rng.normals import normals as normals  # noqa: E402
