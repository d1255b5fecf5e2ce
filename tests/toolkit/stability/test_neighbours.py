"""Neighbouring data sets: their domain, candidates for the worst, typical ones."""

from typing import Any

import numpy as np
import pytest

import toolkit as tk
from toolkit.stability import neighbours as near


def system(**more: Any) -> tk.RetrainingSystem:
    given = {"policy": tk.Mix(), "num_real": 5, "num_generated": 5} | more
    return tk.RetrainingSystem(family=tk.Gaussian(mean=[0.0, 0.0], cov=np.eye(2)), **given)


VALUES = np.array([[0.0, 0.0], [1.0, 2.0], [-1.0, 0.5], [0.2, -1.0], [0.5, 0.5]])


def test_the_domain_is_the_box_around_the_data_unless_given() -> None:
    box = near.domain_of(system(), VALUES, None)
    assert box.tolist() == [[-1.0, -1.0], [1.0, 2.0]]


def test_every_corner_is_tried_on_the_example_farthest_from_it() -> None:
    box = near.domain_of(system(), VALUES, None)
    tried = near.extremes(system().family.law, VALUES, box, 99, np.random.default_rng(1))
    corners = {tuple(change.example) for change in tried}
    assert corners == {(-1.0, -1.0), (-1.0, 2.0), (1.0, -1.0), (1.0, 2.0)}
    far = {
        tuple(corner): int(np.argmax(np.linalg.norm(VALUES - corner, axis=1)))
        for corner in np.array(sorted(corners))
    }
    rows = {corner: {c.row for c in tried if tuple(c.example) == corner} for corner in corners}
    assert all(far[corner] in rows[corner] for corner in corners)
    assert len(near.extremes(system().family.law, VALUES, box, 3, np.random.default_rng(1))) == 3


def test_wide_examples_get_some_corners_only() -> None:
    box = np.array([np.zeros(12), np.ones(12)])
    found = near._corners(box, np.random.default_rng(1))
    assert 1 < len(found) <= near._CORNERS
    assert set(np.unique(found)) == {0.0, 1.0}


def test_categories_become_any_other_one() -> None:
    values = np.array([[0.0], [2.0], [2.0]])
    changes = near.category_extremes(values, 3, 99, np.random.default_rng(1))
    assert {(change.row, float(change.example[0])) for change in changes} == {
        (0, 1.0), (0, 2.0), (1, 0.0), (1, 1.0),
    }  # fmt: skip


def test_typical_changes_are_real_examples_inside_the_domain() -> None:
    box = np.array([[-1.0, -1.0], [1.0, 1.0]])
    changes = near.typical(system(), VALUES, box, 20, np.random.default_rng(1))
    examples = np.stack([change.example for change in changes])
    assert np.all(np.abs(examples) <= 1)
    assert len(np.unique(examples[:, 0])) == 20
    tiny = np.array([[9.0, 9.0], [9.1, 9.1]])
    with pytest.raises(ValueError, match="widen the domain"):
        near.typical(system(), VALUES, tiny, 1, np.random.default_rng(1))


def test_data_drawn_for_a_domain_lie_in_it() -> None:
    drawn = near.real_data_of(system(), [[-0.5, -0.5], [0.5, 0.5]], np.random.default_rng(1))
    assert drawn.shape == (5, 2)
    assert np.all(np.abs(drawn) <= 0.5)
    given = system(real_data=VALUES)
    assert np.array_equal(near.real_data_of(given, None, np.random.default_rng(1)), VALUES)


def test_neighbours_differ_in_one_example() -> None:
    sets = near.neighbours(VALUES, near.given_changes([(2, [9.0, 9.0])], VALUES))
    assert np.array_equal(sets[0], VALUES)
    assert np.flatnonzero(np.any(sets[1] != VALUES, axis=1)).tolist() == [2]
