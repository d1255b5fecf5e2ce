"""Lemmas and premises are held to their meaning: an altered one is found out by its own check."""

import dataclasses

import pytest
import sympy as sp

from symbolic.lemmas import LEMMAS
from symbolic.lemmas import general as sums
from symbolic.mutation.edits import edits

# Altered in this way they still are true: a term is added that is zero.
_STILL_TRUE = {
    ("square_of_sum", "i: 0..K - 1 -> 0..K"),  # a pair needs a second, larger index
    ("double_sum", "a: 0..d - 1 -> 0..d"),
    ("first_pairs_apart", "a: 0..d - 1 -> 0..d"),
    ("first_pairs_apart", "a: 1..d - 1 -> 1..d"),
    ("binomial_total", "m: n_min..N -> n_min..N + 1"),  # N + 1 successes in N trials
    ("binomial_shifted", "m: 0..N -> 0..N + 1"),
}


@pytest.mark.parametrize("name", [lemma.name for lemma in sums.LEMMAS])
def test_an_altered_lemma_is_found_out(name: str) -> None:
    lemma = LEMMAS[name]
    lemma.check()
    survivors = set()
    for edit in edits(lemma.statement):
        try:
            dataclasses.replace(lemma, statement=edit.result).check()
        except ValueError:
            continue
        survivors.add((name, edit.change))
    assert survivors <= _STILL_TRUE


def test_a_lemma_on_something_else_is_found_out() -> None:
    x = sp.Symbol("x")
    for lemma in sums.LEMMAS:
        with pytest.raises(ValueError):
            dataclasses.replace(lemma, statement=sp.Eq(x, 2 * x, evaluate=False)).check()
