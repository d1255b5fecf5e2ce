"""Which mutants a theorem has: statement, steps and supports, separately and together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from symbolic.lemmas import LEMMAS, Lemma
from symbolic.model import MODEL, Premise
from symbolic.mutation.edits import Edit, edits
from symbolic.theorem import Step, Theorem


class Target(StrEnum):
    """What a mutant changes."""

    STATEMENT = "the statement"
    STEP = "one step"
    CONCLUSION = "the last step and the statement, alike"
    PREMISE = "a premise"
    LEMMA = "a cited lemma"
    BOTH_ENDS = "a premise, the last step and the statement"
    EVERYTHING = "premises, lemmas, steps and statement, alike"


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A perturbed theorem with what it may rest on.

    Parameters
    ----------
    target : Target
        What was changed.
    place : str
        Where exactly.
    edit : Edit
        The change.
    before, after : sympy Relational
        The relation that was changed; the checks never see ``before``.
    theorem : Theorem
        The perturbed theorem, under its old name.
    premises, lemmas, others : mapping
        What its derivation may use: perturbed where the mutant says so.

    Examples
    --------
    >>> from symbolic import THEOREMS
    >>> mutants = mutants_of(THEOREMS["text_probs_martingale"], THEOREMS)
    >>> next(mutants).target.value
    'the statement'
    """

    target: Target
    place: str
    edit: Edit
    before: Relational = field(repr=False)
    after: Relational = field(repr=False)
    theorem: Theorem = field(repr=False)
    others: Mapping[str, Theorem] = field(repr=False)
    premises: Mapping[str, Premise] = field(default_factory=lambda: MODEL, repr=False)
    lemmas: Mapping[str, Lemma] = field(default_factory=lambda: LEMMAS, repr=False)


def mutants_of(
    theorem: Theorem, others: Mapping[str, Theorem], *, thorough: bool = False
) -> Iterator[Mutant]:
    """Perturb a theorem in every way that the operators know.

    Parameters
    ----------
    theorem : Theorem
        The original.
    others : mapping of str to Theorem
        The library.
    thorough : bool
        Change steps, premises and lemmas at every place, not at one place for each operator.

    Yields
    ------
    Mutant
        Statement (every place); last step and statement alike (every place); each step; each
        premise and lemma that the derivation uses; and a symbol replaced throughout.
    """

    def some(relation: Relational) -> Iterable[Edit]:
        every = edits(relation)
        return every if thorough else {edit.operator: edit for edit in every}.values()

    steps = theorem.derivation
    for edit in edits(theorem.statement):
        changed = dataclasses.replace(theorem, statement=edit.result)
        yield _mutant(Target.STATEMENT, "", edit, theorem.statement, changed, others=others)
        if steps[-1].claim == theorem.statement:
            last = dataclasses.replace(steps[-1], claim=edit.result)
            both = dataclasses.replace(changed, derivation=(*steps[:-1], last))
            yield _mutant(Target.CONCLUSION, "", edit, theorem.statement, both, others=others)
    for number, step in enumerate(steps):
        place = f"step {number + 1} ({step.rule})"
        for edit in some(step.claim):
            one = dataclasses.replace(step, claim=edit.result)
            altered = (*steps[:number], one, *steps[number + 1 :])
            changed = dataclasses.replace(theorem, derivation=altered)
            yield _mutant(Target.STEP, place, edit, step.claim, changed, others=others)
    yield from _supports(theorem, others, some)
    yield from _both_ends(theorem, others)
    yield from _everything(theorem, others)


def _mutant(
    target: Target, place: str, edit: Edit, before: Relational, theorem: Theorem, **facts: Any
) -> Mutant:
    return Mutant(
        target=target,
        place=place,
        edit=edit,
        before=before,
        after=edit.result,
        theorem=theorem,
        **facts,
    )


def _supports(
    theorem: Theorem,
    others: Mapping[str, Theorem],
    some: Callable[[Relational], Iterable[Edit]],
) -> Iterator[Mutant]:
    """Change one premise or lemma under an unchanged derivation."""
    for use in sorted({use for step in theorem.derivation for use in step.uses}):
        kind, _, name = use.partition(":")
        if kind == "model":
            before = MODEL[name].statement
            for edit in some(before):
                premise = dataclasses.replace(MODEL[name], statement=edit.result)
                facts = {"others": others, "premises": {**MODEL, name: premise}}
                yield _mutant(Target.PREMISE, name, edit, before, theorem, **facts)
        elif kind == "lemma":
            before = LEMMAS[name].statement
            for edit in some(before):
                lemma = dataclasses.replace(LEMMAS[name], statement=edit.result)
                facts = {"others": others, "lemmas": {**LEMMAS, name: lemma}}
                yield _mutant(Target.LEMMA, name, edit, before, theorem, **facts)


def _both_ends(theorem: Theorem, others: Mapping[str, Theorem]) -> Iterator[Mutant]:
    """Change a premise and the conclusion by the same operator, as if one went with the other."""
    steps = theorem.derivation
    if steps[-1].claim != theorem.statement:
        return
    conclusions = {edit.operator: edit for edit in edits(theorem.statement)}
    used = {use for step in steps for use in step.uses if use.startswith("model:")}
    for name in sorted(use.removeprefix("model:") for use in used):
        for edit in {e.operator: e for e in edits(MODEL[name].statement)}.values():
            if edit.operator not in conclusions:
                continue
            end = conclusions[edit.operator].result
            last = dataclasses.replace(steps[-1], claim=end)
            changed = dataclasses.replace(theorem, statement=end, derivation=(*steps[:-1], last))
            premise = dataclasses.replace(MODEL[name], statement=edit.result)
            yield Mutant(
                target=Target.BOTH_ENDS,
                place=name,
                edit=edit,
                before=theorem.statement,
                after=end,
                theorem=changed,
                others=others,
                premises={**MODEL, name: premise},
            )


def _everything(theorem: Theorem, others: Mapping[str, Theorem]) -> Iterator[Mutant]:
    """Replace a symbol of the right-hand side in all that the theorem is made of.

    Every rule holds under such a replacement, so the derivation may well go through; the statement
    then speaks of the old quantity with a wrong value.
    """
    for symbol in sorted(_plain_symbols(theorem.rhs) - theorem.lhs.free_symbols, key=str):
        new = symbol + 1 if symbol.is_integer else 2 * symbol
        swap = {symbol: new}
        try:
            changed = _replaced(theorem, swap)
        except ValueError:  # a bound index elsewhere: there is no such theorem
            continue
        yield Mutant(
            target=Target.EVERYTHING,
            place="",
            edit=Edit("symbol", f"{symbol} -> {new}", changed.statement),
            before=theorem.statement,
            after=changed.statement,
            theorem=changed,
            others={name: _restated(other, swap) for name, other in others.items()},
            premises={name: _restated(premise, swap) for name, premise in MODEL.items()},
            lemmas={name: _restated(lemma, swap) for name, lemma in LEMMAS.items()},
        )


def _plain_symbols(expr: sp.Basic) -> set[sp.Symbol]:
    """Free symbols, without the names and shapes of what is indexed."""
    if isinstance(expr, sp.Indexed):
        return {x for index in expr.indices for x in _plain_symbols(index)}
    if type(expr) is sp.Symbol:
        return {expr}
    inner = {x for arg in expr.args for x in _plain_symbols(arg)}
    return inner - set(getattr(expr, "variables", ()))


def _put(value: Any, swap: Mapping[sp.Basic, sp.Basic]) -> Any:
    """Replace in relations, expressions and whatever holds them."""
    if isinstance(value, Relational):
        return value.func(*(side.xreplace(swap) for side in value.args), evaluate=False)
    if isinstance(value, sp.Basic):
        return value.xreplace(swap)
    if isinstance(value, Mapping):
        return {_put(key, swap): _put(item, swap) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_put(item, swap) for item in value)
    return value


def _restated[T: (Theorem, Premise, Lemma)](value: T, swap: Mapping[sp.Basic, sp.Basic]) -> T:
    try:
        return dataclasses.replace(value, statement=_put(value.statement, swap))
    except ValueError:  # a derivative with respect to the symbol: it stays as it is
        return value


def _replaced(theorem: Theorem, swap: Mapping[sp.Basic, sp.Basic]) -> Theorem:
    def step(old: Step) -> Step:
        return dataclasses.replace(old, claim=_put(old.claim, swap), given=_put(old.given, swap))

    return dataclasses.replace(
        _restated(theorem, swap), derivation=tuple(map(step, theorem.derivation))
    )
