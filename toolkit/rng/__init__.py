"""Random draws for the kernels: normals, counts, gammas and Bartlett factors.

JAX's own generator runs its rounds in a rolled loop on a CPU, spends 64 bits and an inverse
error function on each double, and draws counts and gammas in long sequential loops. Here the
same counter-based generator is unrolled (``bits``), elementary functions are polynomials
(``elementary``), a batch is laid along the axis of which a compiler makes vectors (``lanes``),
and of rejection methods several proposals are made at once, in one loop that nearly always runs
once.
"""

from toolkit.rng.bits import threefry as threefry
from toolkit.rng.counts import binomial as binomial
from toolkit.rng.counts import multinomial as multinomial
from toolkit.rng.gammas import bartlett as bartlett
from toolkit.rng.gammas import chi_square as chi_square
from toolkit.rng.gammas import gamma as gamma
from toolkit.rng.keys import fold_in as fold_in
from toolkit.rng.keys import split as split
from toolkit.rng.keys import uniform as uniform
from toolkit.rng.keys import uniforms as uniforms
from toolkit.rng.normals import normals as normals
