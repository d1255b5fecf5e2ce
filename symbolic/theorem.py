"""What a theorem is here: a value with a statement, a source and a checked derivation."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from symbolic import rules
from symbolic.lemmas import LEMMAS, Lemma
from symbolic.model import MODEL, Premise
from symbolic.rules import DerivationError
from symbolic.step import Step, check_once, deep_recursion
from symbolic.symbols import SYMBOLS
from symbolic.witness import WitnessError
from symbolic.witnesses import WITNESSES
from symbolic.worlds.meaning import check_premise

__all__ = ["DerivationError", "Kind", "Source", "Step", "Theorem"]


class Kind(StrEnum):
    """What a result claims about the quantity on its left-hand side."""

    EXACT = "exact"
    UPPER_BOUND = "upper bound"
    LOWER_BOUND = "lower bound"
    ASYMPTOTIC = "asymptotic"
    FIXED_POINT = "fixed point"
    APPROXIMATION = "approximation"


class Source(StrEnum):
    """Where a result comes from; a reconstructed one agrees with the paper's captions only."""

    PAPER = "paper"
    RECONSTRUCTED = "reconstructed"
    OURS = "ours"


def _keep_conditions(step: Step, others: Mapping[str, Theorem] | None) -> None:
    """Refuse values that contradict the conditions of the theorem that they are put into."""
    values = {old: new for old, new in step.given.items() if isinstance(old, sp.Symbol)}
    for use in step.uses if values else ():
        name = use.removeprefix("theorem:")
        theorem = _library(others).get(name) if name != use else None
        for condition in theorem.conditions if theorem else ():
            if condition.subs(values) == sp.false:
                raise DerivationError(f"{name} holds only for {condition}.")


def _library(others: Mapping[str, Theorem] | None) -> Mapping[str, Theorem]:
    if others is None:
        import symbolic  # the library imports this module

        others = symbolic.THEOREMS
    return others


@dataclass(frozen=True, kw_only=True)
class Theorem:
    """A result: statement, provenance and derivation.

    Parameters
    ----------
    name : str
        Key in ``symbolic.THEOREMS``.
    title, in_words : str
        A heading, and the statement in one sentence.
    statement : sympy Relational
        ``Eq``, ``Le`` or ``Ge`` with a named quantity on the left.
    kind : Kind
        What it claims.
    source : Source
        Paper, reconstructed or ours.
    reference : str
        Where in the paper, or which part of the theory it belongs to.
    assumptions : tuple of str
        Under which conditions it holds.
    conditions : tuple of sympy Relational
        What its numbers must satisfy besides their symbols' own assumptions, where that can be
        said in symbols (``n > ddof``).  Numbers must meet them, and no step may put values into
        the theorem that contradict them.
    derivation : tuple of Step
        The proof.
    lemmas : tuple of str
        Cited lemmas, keys of `symbolic.lemmas.LEMMAS`.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> THEOREMS["text_diversity_recursion"].rhs
    H*(1 - (1 - C)/N)
    """

    name: str
    title: str
    in_words: str
    statement: Relational
    kind: Kind
    source: Source
    reference: str
    assumptions: tuple[str, ...] = ()
    conditions: tuple[Relational, ...] = ()
    derivation: tuple[Step, ...] = ()
    lemmas: tuple[str, ...] = ()

    @property
    def lhs(self) -> sp.Expr:
        """The quantity that the theorem speaks of."""
        return self.statement.lhs

    @property
    def rhs(self) -> sp.Expr:
        """What the quantity is, is bounded by, or tends to."""
        return self.statement.rhs

    @property
    def symbols(self) -> dict[str, sp.Basic]:
        """Design name to symbol, for everything free on the right-hand side."""
        bound = {i for total in self.rhs.atoms(sp.Sum) for i in total.variables}
        free = (self.rhs.free_symbols | self.rhs.atoms(sp.IndexedBase)) - bound
        return {name: symbol for name, symbol in SYMBOLS.items() if symbol in free}

    def check(self, others: Mapping[str, Theorem] | None = None, **facts: Any) -> None:
        """Check the derivation, the premises and lemmas under it, and the statement's witness.

        Parameters
        ----------
        others : mapping of str to Theorem, optional
            Theorems that the derivation may use; ``symbolic.THEOREMS`` if left out.
        **facts
            ``premises`` and ``lemmas`` to use in place of ``MODEL`` and ``LEMMAS``.

        Raises
        ------
        DerivationError
            Naming the theorem and the first step that does not hold.
        ValueError
            If a premise or lemma is false in a small case, or a witness contradicts the statement.

        Examples
        --------
        >>> from symbolic import THEOREMS
        >>> THEOREMS["text_probs_martingale"].check()
        """
        self.check_derivation(others, **facts)
        self.check_support(**facts)
        self.check_witness()

    def check_support(
        self,
        *,
        premises: Mapping[str, Premise] = MODEL,
        lemmas: Mapping[str, Lemma] = LEMMAS,
    ) -> None:
        """Check what the derivation rests on: that its premises and lemmas are true.

        Parameters
        ----------
        premises, lemmas : mapping
            To use in place of ``MODEL`` and ``LEMMAS``.

        Raises
        ------
        ValueError
            If a lemma fails at a small size, or a premise in a small world.
        """
        for name in self.lemmas:
            lemmas[name].check()
        used = {use.removeprefix("model:") for step in self.derivation for use in step.uses}
        for name in sorted(used & premises.keys()):
            check_premise(premises[name])

    def check_witness(self) -> None:
        """Hold the statement against the values that its witness found.

        Raises
        ------
        WitnessError
            Naming the theorem and the first case that contradicts it.
        """
        if self.name not in WITNESSES:
            return
        try:
            WITNESSES[self.name].check(self.statement)
        except WitnessError as error:
            raise WitnessError(f"{self.name}: {error}") from None

    def check_derivation(
        self,
        others: Mapping[str, Theorem] | None = None,
        *,
        premises: Mapping[str, Premise] = MODEL,
        lemmas: Mapping[str, Lemma] = LEMMAS,
    ) -> None:
        """Check every step exactly, and that the last one implies the statement.

        Parameters
        ----------
        others : mapping of str to Theorem, optional
            Theorems that the derivation may use; ``symbolic.THEOREMS`` if left out.
        premises, lemmas : mapping
            What it may rest on besides.

        Raises
        ------
        DerivationError
            Naming the theorem and the first step that does not hold.

        Examples
        --------
        >>> from symbolic import THEOREMS
        >>> THEOREMS["text_probs_martingale"].check_derivation()
        """
        if not self.derivation:
            raise DerivationError(f"{self.name}: expected a derivation, found none; add its steps.")
        known = self._known(others, premises, lemmas)
        self._check_kind(others)
        self._check_definitions(known)
        with deep_recursion():
            self._check_steps(known, others)

    def _check_steps(
        self, known: dict[str, Relational], others: Mapping[str, Theorem] | None
    ) -> None:
        for number, step in enumerate(self.derivation, 1):
            facts = [self._fact(use, known, number) for use in step.uses]
            try:
                _keep_conditions(step, others)
                check_once(step.rule, step.claim, facts, step.given)
            except DerivationError as error:
                raise DerivationError(
                    f"{self.name}: step {number} ({step.rule}: {step.claim}) fails: {error}"
                ) from None
            if step.label:
                known[step.label] = step.claim
        if not rules.implies(self.derivation[-1].claim, self.statement):
            raise DerivationError(
                f"{self.name}: the last step says {self.derivation[-1].claim}, "
                f"which does not give the statement {self.statement}."
            )

    def _check_definitions(self, known: Mapping[str, Relational]) -> None:
        try:
            rules.check_definitions(self.derivation, known)
        except DerivationError as error:
            raise DerivationError(f"{self.name}: {error}") from None

    def _check_kind(self, others: Mapping[str, Theorem] | None) -> None:
        relation = {Kind.UPPER_BOUND: sp.Le, Kind.LOWER_BOUND: sp.Ge}.get(self.kind, sp.Eq)
        if not isinstance(self.statement, relation):
            raise DerivationError(
                f"{self.name}: a result of kind {self.kind} states {relation.__name__}, "
                f"got {self.statement}."
            )
        loose = (Kind.ASYMPTOTIC, Kind.APPROXIMATION)
        used = {use for step in self.derivation for use in step.uses}
        weaker = {step.rule for step in self.derivation} & rules.NOT_EXACT
        weaker |= {name for name in used if self._kind_of(name, others) in loose}
        if weaker and self.kind not in loose:
            raise DerivationError(
                f"{self.name}: {', '.join(sorted(weaker))} cannot give a result of kind "
                f"{self.kind}."
            )

    def _kind_of(self, use: str, others: Mapping[str, Theorem] | None) -> Kind | None:
        theorem = _library(others).get(use.removeprefix("theorem:"))
        return theorem.kind if theorem is not None and use.startswith("theorem:") else None

    def _known(
        self,
        others: Mapping[str, Theorem] | None,
        premises: Mapping[str, Premise],
        lemmas: Mapping[str, Lemma],
    ) -> dict[str, Relational]:
        """Give what a step may rest on; of theorems those before this one: none proves itself."""
        others = _library(others)
        earlier = itertools.takewhile(lambda name: name != self.name, others)
        return (
            {f"model:{name}": premise.statement for name, premise in premises.items()}
            | {f"lemma:{name}": lemma.statement for name, lemma in lemmas.items()}
            | {f"theorem:{name}": others[name].statement for name in earlier}
        )

    def _fact(self, use: str, known: Mapping[str, Relational], number: int) -> Relational:
        if use.startswith("lemma:") and use.removeprefix("lemma:") not in self.lemmas:
            raise DerivationError(
                f"{self.name}: step {number} uses {use!r}, which the theorem does not list; add it "
                "to lemmas."
            )
        if use not in known:
            raise DerivationError(
                f"{self.name}: step {number} rests on {use!r}, which nothing before it provides."
            )
        return known[use]
