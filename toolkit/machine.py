"""What the machine offers, and how programs are compiled for it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any


def cores() -> int:
    """How many cores this process may use.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def compiler_options() -> dict[str, Any]:
    """What XLA is told about programs that are large and wait to be compiled.

    On a CPU, LLVM's first level: it compiles a simulation's or a fit's program in about two
    thirds of the time, and the program runs as fast (docs/benchmarks.md), since what makes it
    fast is done before LLVM sees it.
    """
    import jax

    return {"xla_backend_optimization_level": 1} if jax.default_backend() == "cpu" else {}


def jit(*, static_argnums: int | tuple[int, ...] = ()) -> Callable[[Callable[..., Any]], Any]:
    """``jax.jit`` with :func:`compiler_options`, as a decorator.

    The backend is asked for at the first call: importing a module must not choose it.

    Examples
    --------
    >>> @jit(static_argnums=0)
    ... def times(number, values):
    ...     return number * values
    >>> print(times(2, 1.5), times.program()._cache_size())
    3.0 1
    """

    def decorated(function: Callable[..., Any]) -> Any:
        @functools.cache
        def program() -> Any:
            import jax

            return jax.jit(
                function, static_argnums=static_argnums, compiler_options=compiler_options()
            )

        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            return program()(*arguments)

        call.program = program  # type: ignore[attr-defined]
        return call

    return decorated
