"""Small worlds of text diversity in time: until one text is left, and with constant confusion."""

from __future__ import annotations

from fractions import Fraction

from symbolic import symbols as s
from symbolic.witnesses.enumeration import PROBS, Probs, gini, text_update
from symbolic.worlds.text import confusion
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
_NOW = 1
_SHARE = F(2, 5)  # of the images that tell nothing
#: Each text has an image of its own, and one that all texts share equally.
_REVEALED = tuple((*(1 - _SHARE if y == i else F(0) for y in range(3)), _SHARE) for i in range(3))
#: Possible courses of two texts until one is left, with their chances.
_COURSES: dict[tuple[Probs, ...], Fraction] = {
    ((F(1, 3), F(2, 3)), (F(0), F(1))): F(1, 2),
    ((F(1, 3), F(2, 3)), (F(1, 4), F(3, 4)), (F(1), F(0))): F(1, 5),
    ((F(1, 3), F(2, 3)), (F(3, 5), F(2, 5)), (F(1, 2), F(1, 2)), (F(1), F(0))): F(3, 10),
}
_LAST = 6


@small_world
def settling() -> World:
    """Courses that end with one text; the time until then is counted on each."""
    mean_time = sum((chance * (len(path) - 1) for path, chance in _COURSES.items()), F(0))
    residence = [
        sum((chance * sum(p[i] for p in path[:-1]) for path, chance in _COURSES.items()), F(0))
        for i in range(2)
    ]
    return World(
        name="courses until one text is left",
        values={s.num_texts: F(2), s.fixation_time: mean_time},
        tables={s.text_residence.label: residence.__getitem__},
        outcomes=tuple(_course(path, chance) for path, chance in _COURSES.items()),
        ranges={s.text: range(2)},
        last=_LAST,
    )


def _course(path: tuple[Probs, ...], chance: Fraction) -> Outcome:
    probs = (*path, *[path[-1]] * _LAST)
    return Outcome(
        chance=chance,
        tables={
            s.text_probs_at.label: lambda t, i: probs[t][i],
            s.unsettled.label: lambda t: F(max(probs[t]) < 1),
            s.text_unsettled.label: lambda t, i: F(0 < probs[t][i] < 1),
        },
    )


@small_world
def revealed() -> World:
    """An image tells its text, or nothing at all: confusion is the share of the latter."""
    outcomes = tuple(
        Outcome(
            chance=chance * share,
            tables={
                s.text_diversity_at.label: lambda t, path=(PROBS, now, last): gini(path[t]),
                s.posterior_confusion_at.label: lambda t, path=(PROBS, now, last): confusion(
                    path[t], _REVEALED
                ),
            },
        )
        for now, chance in text_update(PROBS, 2, _REVEALED).items()
        for last, share in text_update(now, 2, _REVEALED).items()
    )
    return World(
        name="images that tell all or nothing",
        values={s.posterior_confusion: _SHARE},
        outcomes=outcomes,
        ranges={s.generations: (0, _NOW)},
    )
