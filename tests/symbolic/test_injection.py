"""T5 in its inverse: doses, feasibility, times; checked against the forward theorems."""

import math
from fractions import Fraction

import pytest

from symbolic import THEOREMS
from symbolic.witness import evaluate

F = Fraction
SETTING = {"batch_size": 1000, "text_updates": 1}
CORPUS = SETTING | {"target_diversity": F(4, 5)}


def value(name: str, **numbers: object) -> float:
    return float(evaluate(THEOREMS[name].rhs, numbers))


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("fraction", [F(1, 100), F(1, 20), F(1, 5)])
def test_smallest_prob_and_fraction_invert_the_stationary_value(
    order: str, fraction: Fraction
) -> None:
    prob = F(1, 20)
    kept = evaluate(
        THEOREMS[f"corpus_injection_stationary_{order}"].rhs,
        CORPUS | {"injection_prob": prob, "injection_fraction": fraction},
    )
    floor = CORPUS | {"diversity_floor": F(int(kept.p), int(kept.q))}
    name = f"corpus_injection_prob_{order}"
    assert value(name, injection_fraction=fraction, **floor) == pytest.approx(0.05, rel=1e-13)
    name = f"corpus_injection_fraction_{order}"
    assert value(name, injection_prob=prob, **floor) == pytest.approx(float(fraction), rel=1e-12)


def test_theory_inverse_statement() -> None:
    # Reading B keeps h iff alpha eps (2 - eps) >= h/((N - 1)(H_u - h)), injected before.
    floor = F(3, 5)
    found = value("corpus_injection_dose", diversity_floor=floor, **CORPUS)
    assert found == pytest.approx(float(floor / (999 * (F(4, 5) - floor))), rel=1e-14)


@pytest.mark.parametrize("order", ["before", "after"])
def test_no_dose_keeps_more_than_the_ceiling(order: str) -> None:
    given = {} if order == "after" else SETTING
    top = value(f"corpus_injection_ceiling_{order}", target_diversity=F(4, 5), **given)
    assert top == pytest.approx(0.8 if order == "after" else 0.8 * 0.999, rel=1e-14)
    name = "corpus_injection_dose" + ("" if order == "before" else "_after")
    below, above = (
        value(name, diversity_floor=F(top) + step, **CORPUS) for step in (F(-1, 10**6), F(1, 10**7))
    )
    assert below < 1 < above


@pytest.mark.parametrize("dose", [0.01, 0.2, 0.9])
def test_the_smallest_share_is_an_injection_that_always_happens(dose: float) -> None:
    least = value("smallest_injected_share", injection_dose=dose)
    shares = [dose / (2 - eps) for eps in (0.1, 0.4, 0.8, 1.0) if dose <= eps * (2 - eps)]
    assert least <= min(shares)
    assert least * (2 - least) == pytest.approx(dose, rel=1e-12)  # alpha = 1, eps = least


def test_new_texts_inverse_at_the_best_fraction() -> None:
    best = value("new_text_best_value", injection_prob=F(1, 20), **SETTING)
    least = value("new_text_smallest_prob", diversity_floor=best, **SETTING)
    assert least == pytest.approx(0.05, rel=1e-11)
    top = value("new_text_ceiling", **SETTING)
    assert top == pytest.approx(1 - 1 / math.sqrt(1000), rel=1e-13)
    assert value("new_text_smallest_prob", diversity_floor=top, **SETTING) == pytest.approx(1)


def test_time_to_a_level_on_the_curve() -> None:
    numbers = CORPUS | {"injection_prob": F(1, 20), "injection_fraction": F(1, 5)}
    level = value("corpus_injection_stationary_before", **numbers)
    factor = 0.999 * (1 - 0.05 * 0.2 * 1.8)
    start, wanted = F(1, 2), 1e-3
    time = value(
        "transient_time",
        transient_size=abs(float(start) - level),
        transient_factor=factor,
        transient_level=wanted,
    )
    apart = [
        abs(
            value(
                "corpus_injection_recursion_before",
                generations=generations,
                initial_text_diversity=start,
                **numbers,
            )
            - level
        )
        for generations in (math.floor(time), math.ceil(time))
    ]
    assert apart[1] <= wanted < apart[0]


def test_fresh_corpora_that_never_vary_are_a_fixed_one() -> None:
    numbers = CORPUS | {
        "injection_prob": F(1, 20), "injection_fraction": F(1, 5), "generations": 40,
        "initial_text_diversity": F(1, 2), "initial_overlap": F(1, 7),
    }  # fmt: skip
    for order in ("before", "after"):
        fresh = value(f"fresh_corpus_curve_{order}", mean_target_diversity=F(4, 5), **numbers)
        assert fresh == pytest.approx(value(f"corpus_injection_curve_{order}", **numbers))
