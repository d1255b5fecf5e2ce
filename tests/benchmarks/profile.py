"""Where the time of the text and image update goes, beside the same parts of the numba kernel.

Core time of one replicate and generation at the paper's setting (5 texts, 2 features, 1000 images)
in a block of 50 replicates. Each part is run by itself, in a loop inside one compiled program, on
the state after one generation. Parts alone write out what they hand on, as within the kernel.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numba
import numpy as np
import numpy.typing as npt

import toolkit as tk
from tests.benchmarks import numba_kernel
from tests.benchmarks.tables import Section, Table
from toolkit.loops import certainty, coevolving, loop_of, posterior, tiles
from toolkit.rng import normals

Array = jax.Array
FloatArray = npt.NDArray[np.float64]

BLOCK, PASSES = 50, 20
_GENERATIONS = 200
TEXTS, FEATURES, IMAGES = 5, 2, 1000
DTYPES = ("float64", "float32")
_NORMALS, _COUNTS = "random normals", "caption counts"
_RATIOS, _SUMS = "quadratic forms and exponentials", "sums over texts and images"
_TEXT_PARTS = (_NORMALS, _RATIOS, _SUMS, _COUNTS, "one-hot or not")
_REST, _TEXT, _IMAGE = "rest of the text update", "text update, whole", "image update"
_STEP, _ALL = "step, whole", "simulation, whole"
NAMES = (*_TEXT_PARTS, _REST, _TEXT, _IMAGE, "recorded variables", _STEP, _ALL)
_LEFT_OVER = (
    f"*{_REST}* is the whole less the parts above it: tiles, keys and the like; of numba also "
    "ratios and sums, which one loop makes."
)
_NOTES = (_LEFT_OVER, "the whole simulation includes what is recorded and moved, on both sides.")


def profile(rounds: int) -> Section:
    """Microseconds of each part, in both precisions."""
    measured = {
        f"{of}, {dtype}": found(dtype, rounds)
        for dtype in DTYPES
        for of, found in (("toolkit", _toolkit), ("numba", _numba))
    }
    rows = [
        (name, *(f"{parts[name]:.2f}" if name in parts else "" for parts in measured.values()))
        for name in NAMES
    ]
    table = Table("core time, us for a replicate and generation", ("", *measured), rows)
    return Section(
        "profile of the kernel",
        (table,),
        {},
        measured,
        _NOTES,
    )


def _toolkit(dtype: str, rounds: int) -> dict[str, float]:
    """Parts of the toolkit's step, by name."""
    system = _system()
    loop, kind = loop_of(system, dtype=dtype), jnp.dtype(dtype)
    keys = jax.vmap(partial(jax.random.fold_in, jax.random.key(1)))(jnp.arange(BLOCK))
    state = jax.tree.map(lambda x: jnp.broadcast_to(x, (BLOCK, *x.shape)), loop.initial)
    state, info = jax.jit(jax.vmap(loop.step))(keys, state)
    width = tiles._TILE
    number = (IMAGES + TEXTS * (width - 1)) // width
    # As many tiles of each caption; how full they are makes no difference to the time.
    own, filled = jnp.arange(number) * TEXTS // number, jnp.full(number, width)
    single = jnp.dtype("float32")
    z = jax.random.normal(keys[0], (BLOCK, FEATURES, number, width), kind)

    def random_normals(key: Array) -> Array:
        return normals(key, FEATURES, number * width, single) * tiles.UNIT

    def ratios(z: Array, state: Any) -> Array:
        return tiles.exp2(tiles._log2_ratios(own, z, tiles.texts_of(*_gaussians(state))))

    def ratios_and_sums(z: Array, state: Any) -> Array:
        return tiles._block_sum(own, filled, z, tiles.texts_of(*_gaussians(state)))

    def counts(key: Array, state: Any) -> Array:
        return posterior.caption_counts(key, state.text_probs, IMAGES)

    def one_hot(state: Any) -> Array:
        return certainty.is_one_hot(*_gaussians(state), IMAGES, dtype)

    def text_update(key: Array, state: Any, info: Any) -> Any:
        return coevolving._text_update(loop.spec, loop.params, key, state, info)

    def image_update(key: Array, state: Any) -> Any:
        return coevolving._image_update(loop.spec, loop.params, key, state)

    def recorded(state: Any, info: Any) -> Any:
        return loop.measure(loop.spec, loop.params, loop.record, state, info)

    works: tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...] = (
        (random_normals, (keys,)),
        (ratios, (z, state)),
        (ratios_and_sums, (z, state)),
        (counts, (keys, state)),
        (one_hot, (state,)),
        (text_update, (keys, state, info)),
        (image_update, (keys, state)),
        (recorded, (state, info)),
        (loop.step, (keys, state)),
    )
    names = [name for name in NAMES if name not in (_REST, _ALL)]
    parts = {
        # The normals are many, so that adding to them would be seen.
        name: _repeated(jax.vmap(work), given, rounds, held=work in (ratios, ratios_and_sums))
        for name, (work, given) in zip(names, works, strict=True)
    }
    parts[_SUMS] -= parts[_RATIOS]
    parts[_ALL] = _simulated(partial(tk.simulate, system, progress=False, dtype=dtype), rounds)
    return _with_rest(parts)


def _gaussians(state: Any) -> tuple[Any, Any, Any]:
    return state.text_probs, state.image_mean, state.image_factor


def _repeated(work: Callable[..., Any], given: tuple[Any, ...], rounds: int, held: int) -> float:
    """Microseconds of a replicate in one of many passes within a compiled program.

    To all arguments but ``held`` 1 is added in a pass that never comes, of which the compiler
    does not know: it can neither take the work out of the loop nor leave it out.
    """
    shapes = jax.eval_shape(work, *given)
    blank = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)

    @jax.jit
    def passes(given: Any, blank: Any, never: Array) -> Any:
        def one(index: Array, _: Any) -> Any:
            moved = jax.tree.map(partial(_moved, index == never), given)
            return work(*given[:held], *moved[held:])

        return jax.lax.fori_loop(0, PASSES, one, blank)

    never = jnp.asarray(-1)
    run = partial(passes, given, blank, never)
    return _median(lambda _: jax.block_until_ready(run()), rounds) / PASSES / BLOCK


def _moved(by: Array, leaf: Array) -> Array:
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(jax.random.key_data(leaf) + by.astype(jnp.uint32))
    return leaf ^ by if leaf.dtype == bool else leaf + by.astype(leaf.dtype)


def _numba(dtype: str, rounds: int) -> dict[str, float]:
    """The same of the numba kernel on one core, as far as its parts can be told apart."""
    system = _system()
    p, mean = system.text_probs, system.image_mean
    root = np.linalg.cholesky(system.image_cov)
    constants, kinds = numba_kernel.arithmetic(dtype)
    drawn = BLOCK * PASSES
    works: dict[str, Callable[[int], Any]] = {
        _NORMALS: lambda seed: _numba_normals(drawn, seed, kinds),
        _COUNTS: lambda _: _numba_counts(drawn, p),
        _TEXT: lambda seed: _numba_text(drawn, seed, p, mean, root, constants, kinds),
        _IMAGE: lambda _: _numba_image(drawn, p, mean, root),
    }
    parts = {}
    for name, work in works.items():
        work(0)
        parts[name] = _median(work, rounds) / drawn
    plain = partial(
        numba_kernel.simulate, p, mean, system.image_cov, batch_size=IMAGES, dtype=dtype
    )
    parts[_ALL] = _simulated(plain, rounds)
    return _with_rest(parts)


@numba.njit(error_model="numpy")
def _numba_normals(number: int, seed: int, kinds: Any) -> float:
    w0, w1, z0, z1, _, _, _ = numba_kernel.workspace(kinds, TEXTS)
    each, total = IMAGES // TEXTS, 0.0
    for index in range(number * TEXTS):
        numba_kernel._words(seed, index, 0, w0, w1)
        numba_kernel._normals(w0[:each], w1[:each], z0[:each], z1[:each])
        total += z0[0]
    return total


@numba.njit(error_model="numpy")
def _numba_counts(number: int, p: FloatArray) -> int:
    total = 0
    for _ in range(number):
        total += numba_kernel._counts(IMAGES, p)[0]
    return total


@numba.njit(error_model="numpy")
def _numba_text(
    number: int,
    seed: int,
    p: FloatArray,
    mean: FloatArray,
    root: FloatArray,
    constants: Any,
    kinds: Any,
) -> float:
    poly, bias, bits, least = constants
    work, total = numba_kernel.workspace(kinds, TEXTS), 0.0
    for index in range(number):
        total += numba_kernel._text_update(
            seed, index, p, mean, root, IMAGES, poly, bias, bits, least, work
        )[0]
    return total


@numba.njit(error_model="numpy")
def _numba_image(number: int, p: FloatArray, mean: FloatArray, root: FloatArray) -> float:
    total = 0.0
    for _ in range(number):
        # In place: each pass starts from the first state.
        here, there = mean.copy(), root.copy()
        numba_kernel._image_update(p, here, there, IMAGES)
        total += there[0, 0, 0]
    return total


def _system() -> Any:
    return tk.CoevolvingSystem.on_unit_circle(num_texts=TEXTS, variance=1.0, batch_size=IMAGES)


def _simulated(simulate: Callable[..., Any], rounds: int) -> float:
    """A replicate's generation of a whole simulation, with all that is done once."""
    run = {"generations": _GENERATIONS, "replicates": 2 * BLOCK}
    simulate(seed=0, **run)
    return _median(lambda seed: simulate(seed=seed, **run), rounds) / _GENERATIONS / 2 / BLOCK


def _with_rest(parts: dict[str, float]) -> dict[str, float]:
    told = sum(parts[name] for name in _TEXT_PARTS if name in parts)
    return parts | {_REST: parts[_TEXT] - told}


def _median(work: Callable[[int], Any], rounds: int) -> float:
    """Microseconds of all cores together, in the median over rounds."""
    work(0)
    seconds = []
    for seed in range(1, rounds + 1):
        start = time.process_time()
        work(seed)
        seconds.append(time.process_time() - start)
    return 1e6 * statistics.median(seconds)
