"""Checking the theorems, and checking the checks by planted errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from symbolic.checking import Checked, Judged, check_one, mutate_one, on_all_cores
from symbolic.mutation import Fate, Target
from toolkit.theory.numbers import theorem

__all__ = ["Checked", "Judged", "Share", "check_theorems", "plant_errors", "shares"]


class Share(NamedTuple):
    """Mutants of one kind and what became of them.

    ``false`` are those that say something wrong; ``by_derivation`` and ``by_witness`` count how
    many of them each check rejects alone (a witness sees statements only).  ``weaker`` bounds are
    true, and ``sharpness`` counts those that the bound's sharpness case rejects alone.  ``same``
    say what the original says in another way, or are premises that are true as well.
    """

    target: str
    mutants: int
    false: int
    rejected: int
    by_derivation: int
    by_support: int
    by_witness: int
    weaker: int
    sharpness: int
    same: int
    survived: int


def check_theorems(names: Iterable[str], *, processes: int | None = None) -> Iterator[Checked]:
    """Re-derive theorems, in processes of their own.

    Parameters
    ----------
    names : iterable of str
    processes : int, optional
        One for each core if left out.

    Yields
    ------
    Checked
        As each is done; ``problem`` is empty if everything held.

    Raises
    ------
    ValueError
        When a theorem is unknown.

    Examples
    --------
    >>> [done.problem for done in check_theorems(["text_probs_martingale"])]
    ['']
    """
    known = [theorem(name).name for name in names]
    return on_all_cores(check_one, known, processes=processes)


def plant_errors(
    names: Iterable[str], *, thorough: bool = False, processes: int | None = None
) -> Iterator[list[Judged]]:
    """Plant errors in theorems and see whether the checks find them.

    Parameters
    ----------
    names : iterable of str
    thorough : bool
        Change steps, premises and lemmas at every place, not at one for each kind of change.
    processes : int, optional
        One for each core if left out.

    Yields
    ------
    list of Judged
        The mutants of one theorem, as each theorem is done.

    Raises
    ------
    ValueError
        When a theorem is unknown.

    Examples
    --------
    >>> (mutants,) = plant_errors(["text_probs_martingale"])
    >>> {mutant.fate for mutant in mutants}
    {'rejected'}
    """
    known = [theorem(name).name for name in names]
    return on_all_cores(partial(mutate_one, thorough=thorough), known, processes=processes)


def shares(judged: Iterable[Judged]) -> list[Share]:
    """Count what became of mutants, for each target and in all.

    Parameters
    ----------
    judged : iterable of Judged

    Returns
    -------
    list of Share
        The last row is the total.

    Examples
    --------
    >>> (mutants,) = plant_errors(["text_probs_martingale"])
    >>> shares(mutants)[-1].survived
    0
    """
    every = list(judged)
    rows = [_share(target.value, [j for j in every if j.target == target]) for target in Target]
    return [*rows, _share("all", every)]


def _share(target: str, judged: list[Judged]) -> Share:
    fates = [Fate(mutant.fate) for mutant in judged]
    wrong = [j for j, fate in zip(judged, fates, strict=True) if fate == Fate.REJECTED]
    weaker = [j for j, fate in zip(judged, fates, strict=True) if fate == Fate.WEAKER]

    def by(check: str, mutants: list[Judged]) -> int:
        return sum(check in mutant.rejected_by for mutant in mutants)

    survived = fates.count(Fate.SURVIVED)
    return Share(
        target=target,
        mutants=len(judged),
        false=len(wrong) + survived,
        rejected=len(wrong),
        by_derivation=by("derivation", wrong),
        by_support=by("support", wrong),
        by_witness=by("witness", wrong),
        weaker=len(weaker),
        sharpness=by("witness", weaker),
        same=fates.count(Fate.SAME) + fates.count(Fate.TRUE),
        survived=survived,
    )
