"""Posterior confusion: how often one text's image could as well be another's (theory, section 2).

The mean text diversity shrinks by the factor ``1 - (1 - C)/batch_size`` in a text update, where
``C = E_y[1 - sum_i r_i(y)^2] / H`` is the posterior confusion of the state. It has no closed
form; here it is integrated to a stated error, and, more coarsely, along whole trajectories.
"""

from toolkit.confusion.along import confusion_along
from toolkit.confusion.covariances import covariances_along
from toolkit.confusion.quadrature import Confusion, posterior_confusion, posterior_covariance

__all__ = [
    "Confusion",
    "confusion_along",
    "covariances_along",
    "posterior_confusion",
    "posterior_covariance",
]
