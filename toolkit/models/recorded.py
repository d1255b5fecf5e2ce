"""What models of a score and of a state share: how long a series is, and how large its numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

#: Squares of larger numbers, and their sums, come near the end of floating-point numbers.
_LARGEST = 1e100


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recorded:
    """Sizes of a generated data set, some of whose generations are not recorded.

    Attributes
    ----------
    replicates, generations : int
        Generations 0 to ``generations`` are recorded, ...
    left_out : tuple of int
        ... but for these.

    Examples
    --------
    >>> Recorded(generations=4, left_out=(1, 3)).generation
    (0, 2, 4)
    """

    replicates: int = 4
    generations: int = 40
    left_out: tuple[int, ...] = ()

    @property
    def generation(self) -> tuple[int, ...]:
        """The generations that are recorded."""
        return tuple(g for g in range(self.generations + 1) if g not in self.left_out)


def check_magnitude(name: str, values: npt.NDArray[np.float64]) -> None:
    """Refuse numbers whose squares cannot be computed with; NaN counts for nothing.

    Parameters
    ----------
    name : str
    values : ndarray

    Raises
    ------
    ValueError
        When there is one beyond 1e100.

    Examples
    --------
    >>> check_magnitude("score", np.array([1e99, np.nan]))
    """
    largest = np.abs(values).max(where=np.isfinite(values), initial=0.0)
    if largest > _LARGEST:
        raise ValueError(
            f"{name} has values as large as {largest:.3g}, expected at most {_LARGEST:.0e}: their "
            f"squares cannot be computed with. Divide {name} by a constant; what is found of its "
            "level is then in that unit."
        )
