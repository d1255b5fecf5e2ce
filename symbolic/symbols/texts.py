"""Symbols of the text model."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import random
from symbolic.symbols.sizes import num_texts

# One text's probability, and the whole vector of them.
text_prob = sp.Symbol("p", positive=True)
text_probs = sp.IndexedBase(sp.Symbol("p", nonnegative=True), shape=(num_texts,), nonnegative=True)
target_probs = sp.IndexedBase(sp.Symbol("u", nonnegative=True), nonnegative=True)

# Text diversity, now and along a trajectory.
text_diversity = sp.Symbol("H", nonnegative=True)
initial_text_diversity = sp.Symbol("H_0", nonnegative=True)
next_text_diversity = random("H'", nonnegative=True)
text_diversity_at = sp.IndexedBase(random("H", nonnegative=True), nonnegative=True)
posterior_confusion = sp.Symbol("C", nonnegative=True)
posterior_confusion_at = sp.IndexedBase(random("C", nonnegative=True), nonnegative=True)
mean_confused_diversity = sp.IndexedBase(sp.Symbol("e", nonnegative=True), nonnegative=True)
homozygosity = sp.Symbol("S_2", positive=True)
third_power_sum = sp.Symbol("S_3", positive=True)
next_homozygosity = random("S_2'", positive=True)
bhattacharyya = sp.IndexedBase(sp.Symbol("BC", nonnegative=True), nonnegative=True)
text_distance = sp.IndexedBase(sp.Symbol("w", nonnegative=True), nonnegative=True)
posterior_product_mean = sp.Symbol("R_ik", nonnegative=True)
next_text_probs = sp.IndexedBase(random("p'", nonnegative=True), nonnegative=True)
posterior_covariance = sp.Symbol("Cov_r", real=True)
text_prob_covariance = sp.Symbol("Cov_p", real=True)

# The Bhattacharyya coefficient of two Gaussians.
log_bhattacharyya = sp.Symbol("log_BC", real=True)
mahalanobis = sp.Symbol("Delta_M", nonnegative=True)
log_det_first = sp.Symbol("logdet_1", real=True)
log_det_second = sp.Symbol("logdet_2", real=True)
log_det_average = sp.Symbol("logdet_avg", real=True)

WORDS: dict[str, str] = {
    "text_prob": "probability of one text",
    "text_probs": "probabilities of the texts, indexed by text",
    "target_probs": "probabilities of the injected corpus, indexed by text",
    "text_diversity": "Gini-Simpson diversity of the text model now: 1 - sum of squares",
    "initial_text_diversity": "text diversity at generation 0",
    "next_text_diversity": "text diversity after one text update",
    "text_diversity_at": "text diversity along a trajectory, indexed by generation",
    "posterior_confusion": "mean Gini-Simpson diversity of the posterior over text_diversity",
    "posterior_confusion_at": "posterior confusion along a trajectory",
    "mean_confused_diversity": "E[C_s H_s], indexed by past text update",
    "homozygosity": "sum of squared text probabilities, 1 - text_diversity",
    "third_power_sum": "sum of cubed text probabilities",
    "next_homozygosity": "sum of squared text probabilities after one text update",
    "bhattacharyya": "Bhattacharyya coefficients of pairs of texts' Gaussians",
    "text_distance": "squared Mahalanobis distance of each text's mean to the mixture's mean",
    "posterior_product_mean": "mean product of two texts' posteriors, one image of the mixture",
    "next_text_probs": "probabilities of the texts after one text update, indexed by text",
    "posterior_covariance": "covariance of two texts' posteriors under one image of the mixture",
    "text_prob_covariance": "covariance of two texts' probabilities after one text update",
    "log_bhattacharyya": "log Bhattacharyya coefficient of two Gaussians",
    "mahalanobis": "squared Mahalanobis distance of two means in the averaged covariance",
    "log_det_first": "log determinant of the first covariance",
    "log_det_second": "log determinant of the second covariance",
    "log_det_average": "log determinant of the average of the two covariances",
}
