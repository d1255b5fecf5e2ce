"""Two tiny loops: one remembers its training set, one moves away whatever it sees."""

from __future__ import annotations

from fractions import Fraction

from symbolic.witnesses.generalization_loop import Examples, Law, Loop

F = Fraction
_REAL: Law = (F(1, 3), F(2, 3))


def _shares(data: Examples, made: Examples, size: int) -> Law:
    seen = (*data, *made)
    return tuple(F(seen.count(k), len(seen)) for k in range(size))


def remembering(keeps: bool, times: int, *, real: int = 2, generated: int = 1) -> Loop:
    """Make a loop that fits shares, smoothed a little; a loss is large on what was not seen.

    Parameters
    ----------
    keeps : bool
        Whether it keeps its real examples.
    times : int
        Fits.
    real, generated : int
        Numbers of examples.

    Returns
    -------
    Loop

    Examples
    --------
    >>> remembering(True, 1).share
    Fraction(2, 3)
    """

    def fit(_law: Law, data: Examples, made: Examples) -> Law:
        shares = _shares(data, made, len(_REAL))
        return tuple(F(3, 4) * p + F(1, 4) * q for p, q in zip(shares, (F(2, 5), F(3, 5)),
                                                               strict=True))  # fmt: skip

    def loss(data: Examples, made: Examples, x: int) -> Fraction:
        return F(1, 2) + 2 * (1 - _shares(data, made, len(_REAL))[x]) ** 2

    return Loop(_REAL, real, generated, keeps, fit, loss, times)


def one_way(times: int, *, keeps: bool = True) -> Loop:
    """Make a loop whose fits move probability to a second outcome, where there is no loss.

    Parameters
    ----------
    times : int
        Fits.
    keeps : bool
        Whether real examples have a share.

    Returns
    -------
    Loop

    Examples
    --------
    >>> one_way(2).uniform_stability()
    Fraction(0, 1)
    """

    def fit(law: Law, _data: Examples, _made: Examples) -> Law:
        return (law[0] - F(1, 12), law[1] + F(1, 12))

    def loss(_data: Examples, _made: Examples, x: int) -> Fraction:
        return F(5, 2) * (x == 0)

    return Loop((F(3, 4), F(1, 4)), 1, 2, keeps, fit, loss, times)
