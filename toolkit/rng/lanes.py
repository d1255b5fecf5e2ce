"""Batches that a compiler makes vectors of: every batch axis becomes part of the last one.

``jax.vmap`` puts the batch first, and so leaves the innermost loops of a kernel over a handful
of texts with a length of a handful: no vectors, and one predicate per member of the batch in
each ``while``. A function whose arrays all have their *lanes* last, and which treats each lane
alike, can take the batch as more lanes instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap

Array = jax.Array


def over_lanes(core: Callable[..., Array]) -> Callable[..., Array]:
    """A function under whose ``vmap`` the batch is laid along the last axis.

    Parameters
    ----------
    core : callable
        Of arrays that share the length of their last axis, to one such array; what it does in
        one lane must not depend on the other lanes.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> double = over_lanes(lambda x: 2 * x)
    >>> jax.vmap(double)(jnp.ones((4, 3, 2))).shape
    (4, 3, 2)
    """
    mapped: Any = custom_vmap(core)

    @mapped.def_vmap  # type: ignore[untyped-decorator]
    def rule(size: int, batched: list[bool], *arguments: Array) -> tuple[Array, bool]:
        flat = []
        for argument, has_batch in zip(arguments, batched, strict=True):
            if not has_batch:
                argument = jnp.broadcast_to(argument, (size, *argument.shape))
            inner = jnp.moveaxis(argument, 0, -2)
            flat.append(inner.reshape(*inner.shape[:-2], -1))
        result = mapped(*flat)
        return jnp.moveaxis(result.reshape(*result.shape[:-1], size, -1), -2, 0), True

    over: Callable[..., Array] = mapped
    return over
