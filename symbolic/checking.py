"""Check or mutate the whole library, on all cores; what comes back is plain text and counts."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import NamedTuple

import symbolic
from symbolic.mutation import judge, mutants_of
from symbolic.witnesses import WITNESSES


class Checked(NamedTuple):
    """What checking one theorem gave.

    ``problem`` is empty if everything held; ``steps``, ``lemmas`` and ``cases`` count what was
    checked.
    """

    name: str
    problem: str
    steps: int
    lemmas: int
    cases: int
    seconds: float


class Judged(NamedTuple):
    """One mutant and what became of it, in words; see `symbolic.mutation.Verdict`."""

    theorem: str
    target: str
    operator: str
    fate: str
    rejected_by: tuple[str, ...]
    words: str


def check_one(name: str) -> Checked:
    """Re-derive one theorem, its lemmas and premises, and hold it against its witness.

    Parameters
    ----------
    name : str
        Key in ``symbolic.THEOREMS``.

    Returns
    -------
    Checked
        With the problem in words, if there is one.

    Examples
    --------
    >>> check_one("text_probs_martingale").problem
    ''
    """
    theorem, start = symbolic.THEOREMS[name], time.perf_counter()
    problem = ""
    try:
        theorem.check()
    except ValueError as error:
        problem = str(error)
    witness = WITNESSES.get(name)
    return Checked(
        name=name,
        problem=problem,
        steps=len(theorem.derivation),
        lemmas=len(theorem.lemmas),
        cases=len(witness.cases()) if witness else 0,
        seconds=time.perf_counter() - start,
    )


def mutate_one(name: str, thorough: bool = False) -> list[Judged]:
    """Plant errors in one theorem and see what the checks make of them.

    Parameters
    ----------
    name : str
        Key in ``symbolic.THEOREMS``.
    thorough : bool
        As in `symbolic.mutation.mutants_of`.

    Returns
    -------
    list of Judged
        One for each mutant.

    Examples
    --------
    >>> {mutant.fate for mutant in mutate_one("text_probs_martingale")}
    {'rejected'}
    """
    theorem = symbolic.THEOREMS[name]
    verdicts = (judge(m) for m in mutants_of(theorem, symbolic.THEOREMS, thorough=thorough))
    return [
        Judged(
            theorem=name,
            target=verdict.mutant.target.value,
            operator=verdict.mutant.edit.operator,
            fate=verdict.fate.value,
            rejected_by=tuple(sorted(verdict.rejected_by)),
            words=str(verdict),
        )
        for verdict in verdicts
    ]


def on_all_cores[T](
    work: Callable[[str], T], names: Iterable[str], *, processes: int | None = None
) -> Iterator[T]:
    """Do the work for each name, in any order, in processes of their own.

    Parameters
    ----------
    work : callable
        `check_one` or `mutate_one` (or any function of a name that can be pickled).
    names : iterable of str
        Theorems.
    processes : int, optional
        How many; one for each core if left out.

    Yields
    ------
    Whatever ``work`` returns, as it is done.

    Examples
    --------
    >>> [done.problem for done in on_all_cores(check_one, ["text_probs_martingale"], processes=1)]
    ['']
    """
    names = list(names)
    workers = min(processes or os.cpu_count() or 1, max(len(names), 1))
    if workers == 1:
        yield from map(work, names)
        return
    fresh = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=fresh)
    try:
        for done in as_completed([pool.submit(work, name) for name in names]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)
