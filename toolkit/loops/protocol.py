"""What a loop is, so that ``simulate`` can run any of them.

A loop is one kernel, ``step(rng_key, state) -> (state, info)``, with a way to start and a way
to measure. What fixes shapes and branches is its ``spec`` (compiled once per spec); every
number that may vary is in ``params`` (never compiled in). A new loop is one module here that
registers a builder for its system; nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial, singledispatch
from typing import Any, Literal, NamedTuple

import jax

from toolkit.systems import Configuration

Array = jax.Array
Method = Literal["exact", "literal", "diffusion", "one_hot", "sparse"]
Dtype = Literal["float64", "float32"]


class Loop(NamedTuple):
    """A loop, ready to run.

    Attributes
    ----------
    spec : Hashable
        Everything static: sizes, options, dtype. Loops of equal spec share compiled code.
    params : pytree of arrays
    initial : pytree of arrays
        What every replicate starts from.
    start : callable
        ``start(spec, params, initial, rng_key) -> state`` of generation 0: ``initial`` itself
        (:func:`same_start`), or drawn.
    kernel : callable
        ``kernel(spec, params, rng_key, state) -> (state, info)``, one generation.
    measure : callable
        ``measure(spec, params, names, state, info) -> dict`` of the named variables.
    no_info : callable
        ``no_info(spec) -> info`` of generation 0, before anything happened.
    merge_info : callable
        ``merge_info(earlier, later) -> info`` over an unrecorded generation.
    sizes : mapping
        Sizes of the dimensions of the recorded variables.
    record : tuple of str
        Recorded unless the user asks otherwise.
    available : tuple of str
        All that can be recorded.
    cost : int
        Numbers held at once by one replicate in one step; bounds the block of replicates.
    work : int
        Numbers worked through by one replicate in one step; bounds what runs without a pause.
    """

    spec: Hashable
    params: Any
    initial: Any
    start: Callable[..., Any]
    kernel: Callable[..., tuple[Any, Any]]
    measure: Callable[..., dict[str, Array]]
    no_info: Callable[[Any], Any]
    merge_info: Callable[[Any, Any], Any]
    sizes: Mapping[str, int]
    record: tuple[str, ...]
    available: tuple[str, ...]
    cost: int
    work: int

    @property
    def step(self) -> Callable[[Array, Any], tuple[Any, Any]]:
        """``step(rng_key, state) -> (state, info)``: one generation."""
        return partial(self.kernel, self.spec, self.params)


def same_start(spec: Any, params: Any, initial: Any, rng_key: Array) -> Any:
    """The start of a loop whose replicates all begin alike."""
    return initial


@singledispatch
def loop_of(
    system: Configuration,
    *,
    generations: int | None = None,
    method: Method = "exact",
    dtype: Dtype = "float64",
) -> Loop:
    """The loop that a system describes.

    Parameters
    ----------
    system : Configuration
    generations : int, optional
        How long it will run; a system that grows reserves room for so many.
    method : {"exact", "literal", "diffusion", "one_hot", "sparse"}
        ``"literal"`` draws every image; ``"exact"`` draws sufficient statistics where their
        law is known, which is the same law at a cost independent of the batch size. The others
        are approximations (:mod:`toolkit.loops.coevolving`).
    dtype : {"float64", "float32"}
        Precision of what is computed for each image and of what is measured; the state is always
        in double precision.

    Raises
    ------
    TypeError
        When no loop is registered for the system's class.

    Examples
    --------
    >>> import jax
    >>> from toolkit.systems import CoevolvingSystem
    >>> system = CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=100)
    >>> loop = loop_of(system)
    >>> state, info = loop.step(jax.random.key(0), loop.initial)
    >>> int(info.image_count.sum())
    100
    """
    del generations, method, dtype
    raise TypeError(
        f"no loop is registered for {type(system).__name__}; give a system such as "
        "CoevolvingSystem."
    )
