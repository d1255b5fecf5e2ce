"""The co-evolving system as a numba kernel: what a compiler makes of loops written for it.

The reference for how near ``simulate`` is to what the processor can do: no array is larger than a
core's first cache, every inner loop is one that LLVM turns into vector instructions, and the
replicates are shared among the cores. The same steps as in the toolkit: captions as multinomial
counts, images drawn by caption, quadratic forms of standard normals, polynomials for logarithm,
sine, cosine and exponential, image updates from the normal and Wishart laws.
"""

# Inside a compiled function NumPy's global generator is the only one numba has.
# ruff: noqa: NPY002

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Images worked on at once.
LANES = 256
_EXP2 = {
    "float64": np.polynomial.Chebyshev.interpolate(np.exp2, 10, domain=[-0.5, 0.5]),
    "float32": np.polynomial.Chebyshev.interpolate(np.exp2, 5, domain=[-0.5, 0.5]),
}
_S0, _S1, _S2, _S3, _S4 = (np.float32((-1) ** k / math.factorial(2 * k + 1)) for k in range(5))
_C0, _C1, _C2, _C3, _C4 = (np.float32((-1) ** k / math.factorial(2 * k)) for k in range(5))
_THIRD, _FIFTH, _SEVENTH, _NINTH = (np.float32(2 / k) for k in (3, 5, 7, 9))
_jit = numba.njit(fastmath={"contract", "reassoc", "nsz", "arcp"}, cache=False, error_model="numpy")


@_jit
def _counts(batch_size: int, p: Array) -> Array:
    """Multinomial counts, one text after another."""
    count = np.zeros(len(p), np.int64)
    left, mass = batch_size, 1.0
    for k in range(len(p) - 1):
        if left > 0 and p[k] > 0:
            count[k] = np.random.binomial(left, min(p[k] / max(mass, p[k]), 1.0))
        left -= count[k]
        mass -= p[k]
    count[-1] = left
    return count


@_jit
def _words(k0: int, k1: int, first: int, w0: Array, w1: Array) -> None:
    """Threefry-2x32-20 of the counters ``first ..``."""
    s0, s1 = np.uint32(k0), np.uint32(k1)
    s2 = np.uint32(s0 ^ s1 ^ np.uint32(0x1BD11BDA))
    for i in range(w0.size):
        a, b = s0, np.uint32(np.uint32(first + i) + s1)
        for r in (13, 15, 26, 6):
            a = np.uint32(a + b)
            b = np.uint32(((b << np.uint32(r)) | (b >> np.uint32(32 - r))) ^ a)
        a, b = np.uint32(a + s1), np.uint32(b + s2 + np.uint32(1))
        for r in (17, 29, 16, 24):
            a = np.uint32(a + b)
            b = np.uint32(((b << np.uint32(r)) | (b >> np.uint32(32 - r))) ^ a)
        a, b = np.uint32(a + s2), np.uint32(b + s0 + np.uint32(2))
        for r in (13, 15, 26, 6):
            a = np.uint32(a + b)
            b = np.uint32(((b << np.uint32(r)) | (b >> np.uint32(32 - r))) ^ a)
        a, b = np.uint32(a + s0), np.uint32(b + s1 + np.uint32(3))
        for r in (17, 29, 16, 24):
            a = np.uint32(a + b)
            b = np.uint32(((b << np.uint32(r)) | (b >> np.uint32(32 - r))) ^ a)
        a, b = np.uint32(a + s1), np.uint32(b + s2 + np.uint32(4))
        for r in (13, 15, 26, 6):
            a = np.uint32(a + b)
            b = np.uint32(((b << np.uint32(r)) | (b >> np.uint32(32 - r))) ^ a)
        w0[i], w1[i] = np.uint32(a + s2), np.uint32(b + s0 + np.uint32(5))


@_jit
def _normals(w0: Array, w1: Array, z0: Array, z1: Array) -> None:
    """Box-Muller in single precision; the logarithm by its series in (m - 1) / (m + 1)."""
    one, two = np.float32(1), np.float32(2)
    code, ln2 = z0.view(np.int32), np.float32(math.log(2))
    for i in range(w0.size):
        u = (np.float32(np.int32(w0[i])) + np.float32(2.0**31 + 0.5)) * np.float32(2.0**-32)
        z0[i] = max(u, np.float32(2.0**-33))
    for i in range(w0.size):
        # The exponent for a mantissa within [sqrt(1/2), sqrt(2)).
        exponent = (code[i] - np.int32(0x3F3504F3)) >> np.int32(23)
        z1[i] = ln2 * np.float32(exponent)
        code[i] -= exponent << np.int32(23)
    for i in range(w0.size):
        ratio = (z0[i] - one) / (z0[i] + one)
        square = ratio * ratio
        log = z1[i] + ratio * (
            two + square * (_THIRD + square * (_FIFTH + square * (_SEVENTH + square * _NINTH)))
        )
        z0[i] = np.float32(math.sqrt(-two * log))
    for i in range(w0.size):
        quarter = np.float32(np.int32(w1[i])) * np.float32(2.0**-32 * math.pi / 2)
        square = quarter * quarter
        sine = _S0 + square * (_S1 + square * (_S2 + square * (_S3 + square * _S4)))
        cosine = _C0 + square * (_C1 + square * (_C2 + square * (_C3 + square * _C4)))
        sine = sine * quarter
        sine, cosine = two * sine * cosine, one - two * sine * sine
        sine, cosine = two * sine * cosine, one - two * sine * sine
        z0[i], z1[i] = z0[i] * cosine, z0[i] * sine


@_jit
def _text_update(
    k0: int,
    k1: int,
    p: Array,
    mean: Array,
    root: Array,
    batch_size: int,
    poly: Array,
    bias: int,
    bits: int,
    least: Any,
    work: tuple[Array, ...],
) -> Array:
    """Average posterior of a batch of images, two features."""
    w0, w1, z0, z1, ratio, code, total = work
    power = code.view(ratio.dtype)
    num_texts = len(p)
    count = _counts(batch_size, p)
    result = np.zeros(num_texts)
    drawn = 0
    for own in range(num_texts):
        for start in range(0, count[own], LANES):
            lanes = min(LANES, count[own] - start)
            _words(k0, k1, drawn, w0, w1)
            drawn += LANES
            _normals(w0[:lanes], w1[:lanes], z0[:lanes], z1[:lanes])
            total[:lanes] = 1
            for j in range(num_texts):
                if j == own:
                    continue
                i00, i11 = 1 / root[j, 0, 0], 1 / root[j, 1, 1]
                i10 = -root[j, 1, 0] * i00 * i11
                d0, d1 = mean[own, 0] - mean[j, 0], mean[own, 1] - mean[j, 1]
                c0, c1 = ratio.dtype.type(i00 * d0), ratio.dtype.type(i10 * d0 + i11 * d1)
                m00 = ratio.dtype.type(i00 * root[own, 0, 0])
                m10 = ratio.dtype.type(i10 * root[own, 0, 0] + i11 * root[own, 1, 0])
                m11 = ratio.dtype.type(i11 * root[own, 1, 1])
                weight = -np.inf
                if p[j] > 0:
                    weight = math.log(p[j] / p[own] * i00 * i11 * root[own, 0, 0] * root[own, 1, 1])
                weight = ratio.dtype.type(weight)
                half = ratio.dtype.type(0.5)
                scale = ratio.dtype.type(1 / math.log(2))
                for i in range(lanes):
                    a, b = ratio.dtype.type(z0[i]), ratio.dtype.type(z1[i])
                    v0 = c0 + m00 * a
                    v1 = c1 + m10 * a + m11 * b
                    x = (weight + half * (a * a + b * b - v0 * v0 - v1 * v1)) * scale
                    x = max(x, least)
                    whole = np.floor(x + half)
                    fraction = x - whole
                    value = poly[0]
                    for k in range(1, len(poly)):
                        value = value * fraction + poly[k]
                    ratio[j, i] = value
                    code[i] = code.dtype.type(np.int32(whole) + bias) << bits
                for i in range(lanes):
                    ratio[j, i] *= power[i]
                    total[i] += ratio[j, i]
            for i in range(lanes):
                total[i] = 1 / total[i]
            for j in range(num_texts):
                added = 0.0
                if j == own:
                    for i in range(lanes):
                        added += total[i]
                else:
                    for i in range(lanes):
                        added += ratio[j, i] * total[i]
                result[j] += added
    return result / batch_size


@_jit
def _image_update(p: Array, mean: Array, root: Array, batch_size: int) -> None:
    """Means and Cholesky factors of each text's images, in place, from their laws."""
    count = _counts(batch_size, p)
    for k in range(len(p)):
        n = count[k]
        if n < 3:
            continue
        z0, z1 = np.random.normal() / math.sqrt(n), np.random.normal() / math.sqrt(n)
        b00 = math.sqrt(np.random.chisquare(n - 1) / (n - 1))
        b11 = math.sqrt(np.random.chisquare(n - 2) / (n - 1))
        b10 = np.random.normal() / math.sqrt(n - 1)
        r00, r10, r11 = root[k, 0, 0], root[k, 1, 0], root[k, 1, 1]
        mean[k, 0] += r00 * z0
        mean[k, 1] += r10 * z0 + r11 * z1
        root[k, 0, 0] = r00 * b00
        root[k, 1, 0] = r10 * b00 + r11 * b10
        root[k, 1, 1] = r11 * b11


@_jit
def workspace(kinds: Any, num_texts: int) -> Any:
    """Arrays for the images that are worked on at once."""
    floats, whole = kinds
    return (
        np.empty(LANES, np.uint32),
        np.empty(LANES, np.uint32),
        np.empty(LANES, np.float32),
        np.empty(LANES, np.float32),
        np.empty((num_texts, LANES), floats.dtype),
        np.empty(LANES, whole.dtype),
        np.empty(LANES, floats.dtype),
    )


@numba.njit(parallel=True, cache=False, error_model="numpy")
def _run(
    seeds: Array, p: Array, mean: Array, root: Array, sizes: Any, constants: Any, kinds: Any
) -> None:
    """All replicates, the cores sharing them; states are written in (replicate, generation, ..)."""
    batch_size, generations, images = sizes
    poly, bias, bits, least = constants
    for r in numba.prange(len(p)):
        np.random.seed(seeds[r, 0])
        work = workspace(kinds, p.shape[2])
        for t in range(generations):
            here, there = mean[r, t + 1], root[r, t + 1]
            here[:], there[:] = mean[r, t], root[r, t]
            p[r, t + 1] = _text_update(
                seeds[r, 1], t, p[r, t], here, there, batch_size,
                poly, bias, bits, least, work,
            )  # fmt: skip
            p[r, t + 1] /= p[r, t + 1].sum()
            if images:
                _image_update(p[r, t + 1], here, there, batch_size)


def arithmetic(dtype: str) -> tuple[tuple[Any, ...], tuple[Array, Array]]:
    """What the exponential is made of, and empty arrays of its two types."""
    double = dtype == "float64"
    bits, bias = (52, 1023) if double else (23, 127)
    kind = np.dtype(dtype).type
    # As a tuple, so that its length is known to the compiler; the highest power first.
    poly = tuple(map(kind, _EXP2[dtype].convert(kind=np.polynomial.Polynomial).coef[::-1]))
    least = kind(-1020 if double else -124)
    kinds = (np.empty(0, dtype), np.empty(0, np.int64 if double else np.int32))
    return (poly, np.int32(bias), np.int32(bits), least), kinds


def simulate(
    text_probs: Array,
    image_mean: Array,
    image_cov: Array,
    *,
    batch_size: int,
    generations: int,
    replicates: int,
    seed: int,
    dtype: str = "float64",
    text_only: bool = False,
) -> dict[str, Array]:
    """One text and one image update per generation; the same variables as the toolkit.

    Parameters
    ----------
    dtype : {"float64", "float32"}
        Of what is computed for each image.

    Returns
    -------
    dict of array
        Axes (generation, replicate, ...).
    """
    lead = (replicates, generations + 1)
    p, mean = (np.empty((*lead, *np.shape(x))) for x in (text_probs, image_mean))
    root = np.empty((*lead, *np.shape(image_cov)))
    p[:, 0], mean[:, 0], root[:, 0] = text_probs, image_mean, np.linalg.cholesky(image_cov)
    seeds = np.random.default_rng(seed).integers(2**31, size=(replicates, 2))
    constants, kinds = arithmetic(dtype)
    _run(seeds, p, mean, root, (batch_size, generations, not text_only), constants, kinds)
    cov = root @ root.swapaxes(-1, -2)
    trace, det = np.trace(cov, axis1=-2, axis2=-1), np.prod(np.diagonal(root, 0, -2, -1), -1)
    result = {
        "text_probs": p,
        "image_mean": mean,
        "image_cov": cov,
        "text_diversity": 1 - np.square(p).sum(-1),
        # The trace of a 2 x 2 matrix's root, from its own trace and determinant.
        "image_diversity": np.sqrt(trace + 2 * det),
        "image_fidelity": np.linalg.norm(mean - mean[:, :1], axis=-1),
    }
    return {name: values.swapaxes(0, 1) for name, values in result.items()}
