"""Programs compiled once for a kind of data, several at a time, ahead of being called.

Tracing takes NumPyro's handlers, which stand on one stack for all threads: two programs traced at
once would read each other's sites. So it happens in the calling thread; compiling, which takes
longest, goes on beside it in others.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from toolkit.machine import compiler_options, cores


@dataclasses.dataclass(frozen=True)
class Program:
    """A function of arrays that is being compiled, or is.

    Attributes
    ----------
    compiling : Future
    result : pytree of jax.ShapeDtypeStruct
        The shapes of what it returns.
    """

    compiling: Future[Any]
    result: Any

    def __call__(self, *arguments: Any) -> Any:
        """Run it, as soon as it is compiled; safe in several threads at once."""
        return self.compiling.result()(*jax.tree.map(_plain, arguments))


def program(function: Callable[..., Any], static: tuple[Any, ...], *arguments: Any) -> Program:
    """Start to compile a function for arguments of given shapes; call it in one thread only.

    Parameters
    ----------
    function : callable
        Of the static arguments, then the arrays.
    static : tuple of Hashable
    *arguments : pytrees
        Arrays, or ``jax.ShapeDtypeStruct`` for them.

    Returns
    -------
    Program
        The same one for equal functions, static arguments and shapes.

    Examples
    --------
    >>> import numpy as np
    >>> double = program(lambda times, values: times * values, (2,), np.arange(3.0))
    >>> double(np.ones(3)).tolist(), double.result.shape
    ([2.0, 2.0, 2.0], (3,))
    """
    leaves, tree = jax.tree.flatten(jax.tree.map(_plain, arguments))
    shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
    return _program(function, static, tree, shapes)


def _plain(leaf: Any) -> Any:
    return leaf if isinstance(leaf, jax.ShapeDtypeStruct) else jnp.asarray(leaf)


@functools.lru_cache(maxsize=64)
def _program(
    function: Callable[..., Any], static: tuple[Any, ...], tree: Any, shapes: tuple[Any, ...]
) -> Program:
    blank = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in shapes]
    numbers = tuple(range(len(static)))
    arguments = jax.tree.unflatten(tree, blank)
    lowered = jax.jit(function, static_argnums=numbers).lower(*static, *arguments)
    # Keys have dtypes of their own: shapes are taken as the program gives them.
    compiling = _compilers().submit(lowered.compile, compiler_options())
    return Program(compiling, lowered.out_info)


@functools.cache
def _compilers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="compile")


def forget() -> None:
    """Let go of everything compiled in this process, and of the memory it takes.

    What is needed again is compiled again: for whoever fits data of ever new lengths.

    Examples
    --------
    >>> import numpy as np
    >>> before = program(lambda values: -values, (), np.arange(3.0))
    >>> forget()
    >>> before(np.ones(3)).tolist()  # whoever holds one keeps it
    [-1.0, -1.0, -1.0]
    """
    _program.cache_clear()
    jax.clear_caches()


def in_threads[A, B](function: Callable[[A], B], arguments: list[A]) -> list[B]:
    """The results in order, with as many threads as cores; compiled code leaves Python's lock.

    Parameters
    ----------
    function : callable
        It may run programs, and must trace none.
    arguments : list

    Examples
    --------
    >>> in_threads(abs, [-1, 2])
    [1, 2]
    """
    with ThreadPoolExecutor(max(1, min(cores(), len(arguments)))) as pool:
        return list(pool.map(function, arguments))


def in_blocks(run: Callable[..., Any], size: int, *arguments: Any) -> Any:
    """A function of arrays mapped over their leading axis, in threads, by blocks of one size.

    The last block is filled up with its last entries, so that one program serves them all.

    Parameters
    ----------
    run : callable
        Of arrays with ``size`` entries.
    size : int
    *arguments : pytrees of arrays
        With a common leading axis.

    Returns
    -------
    pytree of numpy.ndarray

    Examples
    --------
    >>> in_blocks(lambda block: 2 * block, 2, np.arange(5)).tolist()
    [0, 2, 4, 6, 8]
    """
    number = len(jax.tree.leaves(arguments)[0])

    def one(first: int) -> Any:
        index = np.minimum(np.arange(first, first + size), number - 1)
        found = run(*jax.tree.map(lambda leaf: jnp.asarray(leaf)[index], arguments))
        return jax.tree.map(lambda leaf: np.asarray(leaf)[: number - first], found)

    parts = in_threads(one, list(range(0, number, size)))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
