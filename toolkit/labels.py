"""Every name of a dimension or stored variable, written once, with its units and long name.

All datasets of the toolkit are built from this table: a variable that is not listed here
is not stored. Units follow the images' own units ("feature unit"); ``"1"`` marks a
dimensionless quantity.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

REPLICATE = "replicate"
GENERATION = "generation"
TEXT = "text"
FEATURE = "feature"
FEATURE_ALT = "feature_alt"
#: The numbers of one state in a row, whatever their own dims.
COMPONENT = "component"
#: Pictures, where the images are real ones.
IMAGE = "image"
PIXEL = "pixel"
#: Models that are retrained, one or a network of them.
MODEL = "model"
RESULT = "result"

#: Coordinates of a prediction along ``result``.
KIND = "kind"
VARIABLE = "variable"
SCALE = "scale"
SOURCE = "source"
VALID_FROM = "valid_from"
DESCRIPTION = "description"

#: What a variable may have a value for each of; a prediction is about one of them at most.
ITEMS = (TEXT, MODEL)

#: Values of ``scale``: which mean of the variable is predicted.
LINEAR = "linear"
LOG = "log"

#: Values of ``kind``, those of ``symbolic.Kind`` (a test compares them).
EXACT = "exact"
UPPER_BOUND = "upper bound"
LOWER_BOUND = "lower bound"
ASYMPTOTIC = "asymptotic"
FIXED_POINT = "fixed point"
APPROXIMATION = "approximation"

#: Attribute of a dataset that holds the system's JSON.
SYSTEM = "system"

#: Attributes of a trajectory that was read: what is unusual about it, what was mended, in words.
GAPS = "gaps"
PADDED = "padded"
RENORMALISED = "renormalised"
SYMMETRISED = "symmetrised"
LEFT_OUT = "columns_left_out"


class Label(NamedTuple):
    """What is known of a stored variable besides its values.

    Attributes
    ----------
    name : str
    dims : tuple of str
        Dimensions after ``replicate`` and ``generation``.
    long_name : str
        As written on an axis.
    units : str
    """

    name: str
    dims: tuple[str, ...]
    long_name: str
    units: str

    @property
    def attrs(self) -> dict[str, str]:
        """The attributes stored with the variable."""
        return {"long_name": self.long_name, "units": self.units}

    @property
    def axis(self) -> str:
        """The axis label of a figure: long name, with units where there are any."""
        return self.long_name if self.units == "1" else f"{self.long_name} [{self.units}]"


_WHOLE: tuple[str, ...] = ()
_PER_TEXT = (TEXT,)
_PER_MODEL = (MODEL,)
_LENGTH = "feature unit"
_AREA = "feature unit^2"

COORDINATES: dict[str, Label] = {
    label.name: label
    for label in (
        Label(REPLICATE, (), "replicate", "1"),
        Label(GENERATION, (), "generation", "generation"),
        Label(TEXT, (), "text", "1"),
        Label(FEATURE, (), "feature", "1"),
        Label(FEATURE_ALT, (), "feature (second axis of a covariance)", "1"),
        Label(COMPONENT, (), "component of the state", "1"),
        Label(MODEL, (), "model", "1"),
        Label(IMAGE, (), "image", "1"),
        Label(PIXEL, (), "pixel", "1"),
    )
}

#: The state of the co-evolving system.
TEXT_PROBS = "text_probs"
IMAGE_MEAN = "image_mean"
IMAGE_COV = "image_cov"
#: Diversity and fidelity: several measures, each under its own name.
TEXT_DIVERSITY = "text_diversity"
TEXT_ENTROPY = "text_entropy"
TEXT_EFFECTIVE_NUMBER = "text_effective_number"
IMAGE_DIVERSITY = "image_diversity"
IMAGE_TOTAL_SD = "image_total_sd"
IMAGE_VOLUME_SCALE = "image_volume_scale"
IMAGE_DIRECTIONAL_SD = "image_directional_sd"
IMAGE_TOTAL_VARIANCE = "image_total_variance"
IMAGE_FIDELITY = "image_fidelity"
IMAGE_FIDELITY_SQUARED = "image_fidelity_squared"
IMAGE_WASSERSTEIN = "image_wasserstein"
#: Counts and events.
IMAGE_COUNT = "image_count"
IMAGE_KEPT = "image_kept"
TEXT_EXTINCT = "text_extinct"
TEXT_ONE_HOT = "text_one_hot"
TEXT_CONFUSION = "text_confusion"
TEXT_LEFT_OUT = "text_left_out"
TEXT_ACTIVE = "text_active"
TEXT_INJECTED = "text_injected"
CAPACITY_REACHED = "capacity_reached"
#: Models that are retrained.
MODEL_PARAMETERS = "model_parameters"
MODEL_LOCATION = "model_location"
MODEL_ERROR = "model_error"
MODEL_VARIANCE = "model_variance"
MODEL_DIVERSITY = "model_diversity"
TRAINING_SIZE = "training_size"
MODEL_KEPT = "model_kept"
REAL_DATA_CAME = "real_data_came"

VARIABLES: dict[str, Label] = {
    label.name: label
    for label in (
        Label(TEXT_PROBS, _PER_TEXT, "probability of a text", "1"),
        Label(IMAGE_MEAN, (TEXT, FEATURE), "mean of a text's images", _LENGTH),
        Label(IMAGE_COV, (TEXT, FEATURE, FEATURE_ALT), "covariance of a text's images", _AREA),
        Label(TEXT_DIVERSITY, _WHOLE, "text diversity (Gini-Simpson)", "1"),
        Label(TEXT_ENTROPY, _WHOLE, "text entropy (Shannon)", "nat"),
        Label(TEXT_EFFECTIVE_NUMBER, _WHOLE, "effective number of texts", "1"),
        Label(IMAGE_DIVERSITY, _PER_TEXT, "image diversity, tr cov^(1/2)", _LENGTH),
        Label(IMAGE_TOTAL_SD, _PER_TEXT, "total image sd, (tr cov)^(1/2)", _LENGTH),
        Label(IMAGE_VOLUME_SCALE, _PER_TEXT, "image volume scale, det(cov)^(1/2d)", _LENGTH),
        Label(IMAGE_DIRECTIONAL_SD, _PER_TEXT, "image sd along the first feature", _LENGTH),
        Label(IMAGE_TOTAL_VARIANCE, _PER_TEXT, "total image variance, tr cov", _AREA),
        Label(IMAGE_FIDELITY, _PER_TEXT, "distance of the image mean from its start", _LENGTH),
        Label(IMAGE_FIDELITY_SQUARED, _PER_TEXT, "squared distance from the start", _AREA),
        Label(
            IMAGE_WASSERSTEIN, _PER_TEXT, "2-Wasserstein distance to the start's Gaussian", _LENGTH
        ),
        Label(IMAGE_COUNT, _PER_TEXT, "images generated in the last image update", "image"),
        Label(IMAGE_KEPT, _PER_TEXT, "too few images: the Gaussian was kept", "1"),
        Label(TEXT_EXTINCT, _PER_TEXT, "text lost: probability below 1/(2 batch_size)", "1"),
        Label(TEXT_ONE_HOT, _WHOLE, "posteriors one-hot but for rounding: no image drawn", "1"),
        Label(TEXT_CONFUSION, _WHOLE, "bound on the mean of 1 - posterior of the caption", "1"),
        Label(TEXT_LEFT_OUT, _WHOLE, "bound on the mean posterior mass left out", "1"),
        Label(TEXT_ACTIVE, _PER_TEXT, "the slot holds a text", "1"),
        Label(TEXT_INJECTED, _WHOLE, "a corpus injection took place", "1"),
        Label(CAPACITY_REACHED, _WHOLE, "no slot was left for a new text", "1"),
        Label(MODEL_PARAMETERS, (MODEL, COMPONENT), "parameters of a model", "1"),
        Label(MODEL_LOCATION, (MODEL, FEATURE), "mean of what a model generates", _LENGTH),
        Label(MODEL_ERROR, _PER_MODEL, "squared distance from the real location", _AREA),
        Label(MODEL_VARIANCE, _PER_MODEL, "total variance of what a model generates", _AREA),
        Label(MODEL_DIVERSITY, _PER_MODEL, "diversity of a model, tr cov^(1/2)", _LENGTH),
        Label(TRAINING_SIZE, _PER_MODEL, "examples in the last training set", "example"),
        Label(MODEL_KEPT, _PER_MODEL, "the training set had no fit: the model was kept", "1"),
        Label(REAL_DATA_CAME, _PER_MODEL, "real data were injected", "1"),
    )
}

#: Dimensions of a fit, as ArviZ has them.
CHAIN = "chain"
DRAW = "draw"
SAMPLE_DIMS = (CHAIN, DRAW)
#: Terms of a log likelihood in a row, where some replicates and generations have none.
OBSERVATION = "observation"

#: A measure of somebody else's loop, one number for each replicate and generation.
SCORE = "score"

#: A score with the noise that it would be measured with (``toolkit.forecast``).
MEASURED = "measured"

#: What is read from others' trajectories and never simulated.
OBSERVED: dict[str, Label] = {label.name: label for label in (Label(SCORE, _WHOLE, "score", "1"),)}

#: The real images' Gaussians, where a fit was given them (``constant_data``).
REFERENCE_MEAN = "reference_mean"
REFERENCE_COV = "reference_cov"

#: Parameters of observation models (``posterior`` of a fit).
EFFECTIVE_BATCH_SIZE = "effective_batch_size"
TEXT_TEMPERATURE = "text_temperature"
SHRINKAGE_FACTOR = "shrinkage_factor"
INJECTION_PROB = "injection_prob"
INJECTION_FRACTION = "injection_fraction"
INJECTION_TARGET = "injection_target"
POSTERIOR_CONFUSION = "posterior_confusion"
EFFECTIVE_IMAGE_COUNT = "effective_image_count"
CONTRACTION_FACTOR = "contraction_factor"
DECAY_RATE = "decay_rate"
HALF_LIFE = "half_life"
START = "start"
START_SD = "start_sd"
FLOOR = "floor"
NOISE_SD = "noise_sd"
DRIFT_SD = "drift_sd"
COMPONENT_NOISE_SD = "component_noise_sd"
REAL_SHARE = "real_share"
FIXED_POINT_VALUE = "fixed_point"
FIXED_POINT_DISTANCE = "fixed_point_distance"
REPLICATE_BATCH_SIZE = "replicate_batch_size"
REPLICATE_SPREAD = "replicate_spread"

_PER_REPLICATE = (REPLICATE,)

PARAMETERS: dict[str, Label] = {
    label.name: label
    for label in (
        Label(
            EFFECTIVE_BATCH_SIZE, _WHOLE, "batch size that explains the chance fluctuations", "1"
        ),
        Label(TEXT_TEMPERATURE, _WHOLE, "text temperature (below 1 sharpens)", "1"),
        Label(SHRINKAGE_FACTOR, _WHOLE, "factor on every updated covariance", "1"),
        Label(INJECTION_PROB, _WHOLE, "probability of a corpus injection", "1/generation"),
        Label(INJECTION_FRACTION, _WHOLE, "share of the mass that is injected", "1"),
        Label(INJECTION_TARGET, _PER_TEXT, "corpus that is injected", "1"),
        Label(POSTERIOR_CONFUSION, _WHOLE, "posterior confusion (0: captions are certain)", "1"),
        Label(EFFECTIVE_IMAGE_COUNT, _PER_TEXT, "effective images of a text per update", "image"),
        Label(CONTRACTION_FACTOR, _WHOLE, "contraction factor per generation", "1/generation"),
        Label(DECAY_RATE, _WHOLE, "decay rate, -log(contraction factor)", "1/generation"),
        Label(HALF_LIFE, _WHOLE, "half-life", "generation"),
        Label(START, _WHOLE, "mean score at the first generation", "score unit"),
        Label(START_SD, _WHOLE, "sd of the start between replicates", "score unit"),
        Label(FLOOR, _WHOLE, "level that is left in the long run", "score unit"),
        Label(NOISE_SD, _WHOLE, "sd of the noise", "score unit"),
        Label(DRIFT_SD, _WHOLE, "sd of the random drift in one generation", "score unit"),
        Label(REAL_SHARE, _WHOLE, "share of real data in each generation", "1"),
        Label(COMPONENT_NOISE_SD, (COMPONENT,), "sd of a component's noise", "score unit"),
        Label(FIXED_POINT_VALUE, (COMPONENT,), "fixed point", "score unit"),
        Label(FIXED_POINT_DISTANCE, _WHOLE, "distance left to the fixed point", "score unit"),
        Label(REPLICATE_BATCH_SIZE, _PER_REPLICATE, "effective batch size of a replicate", "1"),
        Label(REPLICATE_SPREAD, _WHOLE, "sd of log batch size between replicates", "1"),
    )
}

#: Dimensions and variables of a calibration (``toolkit.calibration``).
DATASET = "dataset"
PARAMETER = "parameter"
RANK_SHARE = "rank_share"
RANK_BIN = "rank_bin"
PROBABILITY = "probability"
TRUE_VALUE = "true_value"
POSTERIOR_MEAN = "posterior_mean"
POSTERIOR_SD = "posterior_sd"
RANK = "rank"
PIT = "pit"
ESS = "ess"
R_HAT = "r_hat"
COVERED = "covered"
DIVERGENCES = "divergences"
FAILED = "failed"
REFUSED = "refused"
ECDF_DIFFERENCE = "ecdf_difference"
BAND_LOW = "band_low"
BAND_HIGH = "band_high"
RANK_HISTOGRAM = "rank_histogram"
ECDF_P = "ecdf_p"
CHI_SQUARE_P = "chi_square_p"
COVERAGE = "coverage"
COVERAGE_LOW = "coverage_low"
COVERAGE_HIGH = "coverage_high"
COVERAGE_P = "coverage_p"
BIAS = "bias"
SD_RATIO = "sd_ratio"

_PER_FIT = (DATASET, PARAMETER)
_PER_CURVE = (PARAMETER, RANK_SHARE)
_PER_INTERVAL = (PARAMETER, PROBABILITY)

#: Of a calibration, with all their dimensions.
CALIBRATION: dict[str, Label] = {
    label.name: label
    for label in (
        Label(DATASET, (DATASET,), "simulated data set", "1"),
        Label(PARAMETER, (PARAMETER,), "parameter", "1"),
        Label(RANK_SHARE, (RANK_SHARE,), "share of the ranks", "1"),
        Label(RANK_BIN, (RANK_BIN,), "rank of the true value, as a share", "1"),
        Label(PROBABILITY, (PROBABILITY,), "nominal probability of the interval", "1"),
        Label(TRUE_VALUE, _PER_FIT, "true value", "1"),
        Label(POSTERIOR_MEAN, _PER_FIT, "posterior mean", "1"),
        Label(POSTERIOR_SD, _PER_FIT, "posterior sd", "1"),
        Label(RANK, _PER_FIT, "rank of the true value (-1: none)", "1"),
        Label(PIT, _PER_FIT, "share of the draws below the true value", "1"),
        Label(ESS, _PER_FIT, "effective number of draws", "draw"),
        Label(R_HAT, _PER_FIT, "R-hat of the halves of the chain", "1"),
        Label(COVERED, (*_PER_FIT, PROBABILITY), "the interval holds the true value", "1"),
        Label(DIVERGENCES, (DATASET,), "divergent transitions", "draw"),
        Label(FAILED, (DATASET,), "the chain did not converge", "1"),
        Label(REFUSED, (DATASET,), "the data were refused before the fit", "1"),
        Label(ECDF_DIFFERENCE, _PER_CURVE, "ranks below, minus what is uniform", "1"),
        Label(BAND_LOW, _PER_CURVE, "lower end of the simultaneous band", "1"),
        Label(BAND_HIGH, _PER_CURVE, "upper end of the simultaneous band", "1"),
        Label(RANK_HISTOGRAM, (PARAMETER, RANK_BIN), "data sets", "1"),
        Label(ECDF_P, (PARAMETER,), "p-value of the ranks' distribution", "1"),
        Label(CHI_SQUARE_P, (PARAMETER,), "p-value of the binned ranks", "1"),
        Label(COVERAGE, _PER_INTERVAL, "coverage of central intervals", "1"),
        Label(COVERAGE_LOW, _PER_INTERVAL, "lower end of the coverage's interval", "1"),
        Label(COVERAGE_HIGH, _PER_INTERVAL, "upper end of the coverage's interval", "1"),
        Label(COVERAGE_P, _PER_INTERVAL, "p-value of the nominal coverage", "1"),
        Label(BIAS, (PARAMETER,), "mean error in posterior sds", "1"),
        Label(SD_RATIO, (PARAMETER,), "posterior sd over root mean square error", "1"),
        Label("verdict", (PARAMETER,), "verdict", "1"),
    )
}

#: Dimensions and variables of criticism (``toolkit.criticism``): models compared and checked.
VARIANT = "variant"
FOLD = "fold"
ELPD = "elpd"
ELPD_OF_FOLD = "elpd_of_fold"
ELPD_DIFFERENCE = "elpd_difference"
ELPD_DIFFERENCE_SE = "elpd_difference_se"
STACKING_WEIGHT = "stacking_weight"
PARETO_K = "pareto_k"
REFITTED = "refitted"
STATISTIC = "statistic"
DATA_VALUE = "data_value"
PREDICTED_MEAN = "predicted_mean"
PREDICTED_SD = "predicted_sd"
P_VALUE = "p_value"
ADJUSTED_P = "adjusted_p"

_PER_FOLD = (VARIANT, FOLD)

#: Of comparisons of models and of predictive checks, with all their dimensions.
CRITICISM: dict[str, Label] = {
    label.name: label
    for label in (
        Label(VARIANT, (VARIANT,), "variant of the model", "1"),
        Label(FOLD, (FOLD,), "what is left out at once", "1"),
        Label(ELPD, (VARIANT,), "expected log predictive density of what was left out", "nat"),
        Label(ELPD_OF_FOLD, _PER_FOLD, "log predictive density of a fold left out", "nat"),
        Label(ELPD_DIFFERENCE, (VARIANT,), "difference of elpd from the reference's", "nat"),
        Label(ELPD_DIFFERENCE_SE, (VARIANT,), "standard error of the difference", "nat"),
        Label(STACKING_WEIGHT, (VARIANT,), "stacking weight", "1"),
        Label(PARETO_K, _PER_FOLD, "Pareto k of the importance weights", "1"),
        Label(REFITTED, _PER_FOLD, "the model was fitted anew without the fold", "1"),
        Label(STATISTIC, (STATISTIC,), "test statistic", "1"),
        Label(DATA_VALUE, (STATISTIC,), "value of the data", "1"),
        Label(PREDICTED_MEAN, (STATISTIC,), "mean over data sets drawn from the fit", "1"),
        Label(PREDICTED_SD, (STATISTIC,), "sd over data sets drawn from the fit", "1"),
        Label(P_VALUE, (STATISTIC,), "posterior predictive p-value, two-sided", "1"),
        Label(ADJUSTED_P, (STATISTIC,), "p-value corrected for their number (Holm)", "1"),
    )
}

#: What a loss of diversity is due to (``toolkit.forecast.summary``).
CAUSE = "cause"
LOSS = "loss"
CONTRIBUTION = "contribution"
SHARE_OF_LOSS = "share_of_loss"

#: Of a summary; the dims chain and draw come first.
SUMMARIES: dict[str, Label] = {
    label.name: label
    for label in (
        Label(CAUSE, (CAUSE,), "cause", "1"),
        Label(LOSS, (), "loss over the horizon", "unit of the variable"),
        Label(CONTRIBUTION, (CAUSE,), "loss that goes when it is switched off", "loss unit"),
        Label(SHARE_OF_LOSS, (CAUSE,), "share of the loss", "1"),
    )
}

#: Seeds of a sweep's cells, and what it keeps of each fit (``toolkit.sweeping``).
CELL_SEED = "cell_seed"
FIT_SEED = "fit_seed"
CONVERGED = "converged"
TRIES = "tries"
CALIBRATED = "calibrated"
VERDICT_OF_ALL = "verdict_of_all"

#: Of a sweep; the dims of its grid come first.
SWEEPS: dict[str, Label] = {
    label.name: label
    for label in (
        Label(CELL_SEED, (), "seed of the cell", "1"),
        Label(FIT_SEED, (), "seed of the cell's fit", "1"),
        Label(CONVERGED, (), "the chains came to agree", "1"),
        Label(TRIES, (), "runs of the chains that it took", "1"),
        Label(DIVERGENCES, (), "divergent transitions", "draw"),
        Label(R_HAT, (), "worst R-hat of the quantities", "1"),
        Label(ESS, (), "fewest effective draws of a quantity", "draw"),
        Label(CALIBRATED, (), "the fits are calibrated", "1"),
        Label(VERDICT_OF_ALL, (), "verdict on all parameters", "1"),
    )
}

#: Variables with log-normal tails, so that a plain mean over replicates is borne by a few of
#: them (theory, I6), and for each the variable whose log-variance tells how heavy they are:
#: scales are products of random factors, and the drift of a mean sums up past variances.
HEAVY_TAILED: dict[str, str] = {
    IMAGE_DIVERSITY: IMAGE_DIVERSITY,
    IMAGE_TOTAL_SD: IMAGE_TOTAL_SD,
    IMAGE_VOLUME_SCALE: IMAGE_VOLUME_SCALE,
    IMAGE_DIRECTIONAL_SD: IMAGE_DIRECTIONAL_SD,
    IMAGE_TOTAL_VARIANCE: IMAGE_TOTAL_VARIANCE,
    IMAGE_FIDELITY_SQUARED: IMAGE_TOTAL_VARIANCE,
    MODEL_DIVERSITY: MODEL_DIVERSITY,
    MODEL_VARIANCE: MODEL_VARIANCE,
    MODEL_ERROR: MODEL_VARIANCE,
}

#: What can be recorded of retrained models; the other variables are of texts and images.
OF_MODELS: tuple[str, ...] = (
    MODEL_PARAMETERS,
    MODEL_LOCATION,
    MODEL_ERROR,
    MODEL_VARIANCE,
    MODEL_DIVERSITY,
    TRAINING_SIZE,
    MODEL_KEPT,
    REAL_DATA_CAME,
)

#: What ``simulate`` records of texts and images unless told otherwise.
DEFAULT_RECORD: tuple[str, ...] = (
    TEXT_PROBS,
    IMAGE_MEAN,
    IMAGE_COV,
    TEXT_DIVERSITY,
    IMAGE_DIVERSITY,
    IMAGE_FIDELITY,
    IMAGE_COUNT,
    IMAGE_KEPT,
    TEXT_EXTINCT,
)

#: What tells how the method of ``simulate`` did; no other program has them.
OF_METHOD: tuple[str, ...] = (TEXT_ONE_HOT, TEXT_CONFUSION, TEXT_LEFT_OUT)

#: Variables of predictions and comparisons.
PREDICTED = "predicted"
SIMULATED = "simulated"
STANDARD_ERROR = "standard_error"
RESIDUAL = "residual"
Z_SCORE = "z_score"
VIOLATION = "violation"
VERDICT = "verdict"
EFFECTIVE_REPLICATES = "effective_replicates"
DECIDABLE = "decidable"
WORST_Z = "worst_z"
WORST_GENERATION = "worst_generation"
CHECKED = "checked"
CHECKPOINTS = "checkpoints"

#: Dimensions and variables of a forecast (``toolkit.forecast``), and of how it did.
OBSERVED_GENERATION = "observed_generation"
QUANTILE = "quantile"
FORECAST = "forecast"
FORECAST_MEAN = "forecast_mean"
FORECAST_MEDIAN = "forecast_median"
INTERVAL_LOW = "interval_low"
INTERVAL_HIGH = "interval_high"
OBSERVED_VALUE = "observed"
CURRENT = "current"
PROBABILITY_BELOW = "probability_below"
PROBABILITY_REACHED = "probability_reached"
TIME_TO_LEVEL = "time_to_level"
TIME_QUANTILE = "time_quantile"
HELD_OUT = "held_out"
CRPS = "crps"
#: Real images given to each text in an image update: no parameter that is fitted, but a dose.
NUM_USER_IMAGES = "num_user_images"
#: Of a dose-response curve.
DOSE = "dose"
PROBABILITY_KEPT = "probability_kept"
PROBABILITY_AS_FITTED = "probability_as_fitted"
DOSE_ANSWER = "dose_answer"
DOSE_LOW = "dose_low"
DOSE_HIGH = "dose_high"
CLOSED_FORM = "closed_form"

#: Of forecasts and doses, with their dimensions but those of the variable itself.
_AHEAD = (REPLICATE, GENERATION)
FORECASTS: dict[str, Label] = {
    label.name: label
    for label in (
        Label(OBSERVED_GENERATION, (OBSERVED_GENERATION,), "generation", "generation"),
        Label(QUANTILE, (QUANTILE,), "quantile", "1"),
        Label(FORECAST, (CHAIN, DRAW, *_AHEAD), "forecast", "1"),
        Label(MEASURED, (CHAIN, DRAW, *_AHEAD), "forecast of a measurement, with its noise", "1"),
        Label(FORECAST_MEAN, _AHEAD, "mean forecast", "1"),
        Label(FORECAST_MEDIAN, _AHEAD, "median forecast", "1"),
        Label(INTERVAL_LOW, (PROBABILITY, *_AHEAD), "lower end of the central interval", "1"),
        Label(INTERVAL_HIGH, (PROBABILITY, *_AHEAD), "upper end of the central interval", "1"),
        Label(OBSERVED_VALUE, (REPLICATE, OBSERVED_GENERATION), "observed", "1"),
        Label(CURRENT, (REPLICATE,), "where the forecast starts", "1"),
        Label(PROBABILITY_BELOW, _AHEAD, "probability to be below the level", "1"),
        Label(PROBABILITY_REACHED, (REPLICATE,), "probability to be below at some time", "1"),
        Label(TIME_TO_LEVEL, (CHAIN, DRAW, REPLICATE), "time until first below", "generation"),
        Label(TIME_QUANTILE, (QUANTILE, REPLICATE), "time until first below", "generation"),
        Label(HELD_OUT, _AHEAD, "what came", "1"),
        Label(CRPS, _AHEAD, "continuous ranked probability score", "1"),
        Label(PIT, _AHEAD, "share of the draws below what came", "1"),
        Label(COVERED, (PROBABILITY, *_AHEAD), "the interval holds what came", "1"),
        Label(COVERAGE, (PROBABILITY, GENERATION), "share of replicates covered", "1"),
        Label(COVERAGE_LOW, (PROBABILITY, GENERATION), "lower end of its interval", "1"),
        Label(COVERAGE_HIGH, (PROBABILITY, GENERATION), "upper end of its interval", "1"),
        Label(DOSE, (DOSE,), "dose", "1"),
        Label(PROBABILITY_KEPT, (DOSE,), "probability to keep the target", "1"),
        Label(STANDARD_ERROR, (DOSE,), "Monte Carlo standard error", "1"),
        Label(PROBABILITY_AS_FITTED, (), "probability to keep the target as fitted", "1"),
        Label(DOSE_ANSWER, (), "smallest dose that keeps the target", "1"),
        Label(DOSE_LOW, (), "lower end of the dose's interval", "1"),
        Label(DOSE_HIGH, (), "upper end of the dose's interval", "1"),
        Label(CLOSED_FORM, (QUANTILE,), "dose by the closed form for the stationary mean", "1"),
    )
}


#: Second axis of a matrix of parameters, and what is known of one retraining with endless data.
COMPONENT_ALT = "component_alt"
REAL_CURVATURE = "real_curvature"
FISHER_INFORMATION = "fisher_information"
JACOBIAN = "jacobian"
FIXED_POINT_PARAMETERS = "fixed_point_parameters"
MISFIT_EIGENVALUE = "misfit_eigenvalue"
SPECTRAL_RADIUS = "spectral_radius"
OPERATOR_NORM = "operator_norm"
REFIT_RADIUS = "refit_radius"
REFIT_NORM = "refit_norm"
SMALLEST_CURVATURE = "smallest_curvature"
WASSERSTEIN_MISFIT = "wasserstein_misfit"
HESSIAN_LIPSCHITZ = "hessian_lipschitz"
PAPER_CONDITION = "paper_condition"
PAPER_RATIO = "paper_ratio"

_MATRIX = (COMPONENT, COMPONENT_ALT)

#: Of the map of one retraining (``toolkit.theory.stability``), with all their dimensions.
STABILITY: dict[str, Label] = {
    label.name: label
    for label in (
        Label(COMPONENT_ALT, (), "parameter (second axis of a matrix)", "1"),
        Label(REAL_CURVATURE, _MATRIX, "mean negative Hessian on real data, A", "1"),
        Label(FISHER_INFORMATION, _MATRIX, "Fisher information of the best model, B", "1"),
        Label(MISFIT_EIGENVALUE, (COMPONENT,), "eigenvalue of A^(-1/2) B A^(-1/2)", "1"),
        Label(FIXED_POINT_PARAMETERS, (COMPONENT,), "parameters at the fixed point", "1"),
        Label(JACOBIAN, _MATRIX, "Jacobian of the map at its fixed point", "1"),
        Label(SPECTRAL_RADIUS, (), "spectral radius of the Jacobian", "1"),
        Label(OPERATOR_NORM, (), "operator norm of the Jacobian", "1"),
        Label(REFIT_RADIUS, (), "spectral radius of (A + lambda B)^-1 lambda B", "1"),
        Label(REFIT_NORM, (), "operator norm of (A + lambda B)^-1 lambda B", "1"),
        Label(SMALLEST_CURVATURE, (), "smallest eigenvalue of A", "1"),
        Label(WASSERSTEIN_MISFIT, (), "1-Wasserstein distance, best model to real", _LENGTH),
        Label(HESSIAN_LIPSCHITZ, (), "Lipschitz constant of the Hessian on the nodes", "1"),
        Label(PAPER_CONDITION, (), "lambda (1 + eps L / alpha): the paper needs < 1/2", "1"),
        Label(PAPER_RATIO, (), "lambda up to which the paper's condition holds", "1"),
    )
}


#: Neighbouring real data sets: the same but for one example.
NEIGHBOUR = "neighbour"
EXAMPLE_DISTANCE = "example_distance"
CHANGED_ROW, CHANGED_EXAMPLE = "changed_row", "changed_example"
#: The numbers of an example.
NUMBER = "number"
TOTAL_VARIATION, WASSERSTEIN = "total_variation", "wasserstein"
WASSERSTEIN_COUPLED = "wasserstein_coupled"
WASSERSTEIN_DUAL = "wasserstein_dual"
TV_COUPLED = "total_variation_coupled"
TV_MIXTURE = "total_variation_mixture"
TV_HELD_OUT = "total_variation_held_out"
WASSERSTEIN_LOW, WASSERSTEIN_HIGH = "wasserstein_low", "wasserstein_high"
TV_LOW, TV_HIGH = "total_variation_low", "total_variation_high"
#: Appended to the name of an estimate.
OF_ERROR = "_se"

_FOR_NEIGHBOUR = (NEIGHBOUR, GENERATION)

#: Of recursive stability (``toolkit.stability``), with all their dimensions.
RECURSIVE_STABILITY: dict[str, Label] = {
    label.name: label
    for label in (
        Label(NEIGHBOUR, (NEIGHBOUR,), "neighbouring real data set", "1"),
        Label(EXAMPLE_DISTANCE, (NEIGHBOUR,), "distance by which one example moved", _LENGTH),
        Label(CHANGED_ROW, (NEIGHBOUR,), "row of the real data that changed", "1"),
        Label(CHANGED_EXAMPLE, (NEIGHBOUR, NUMBER), "example that stands there now", _LENGTH),
        Label(TOTAL_VARIATION, (GENERATION,), "total variation of synthetic data sets", "1"),
        Label(WASSERSTEIN, (GENERATION,), "Wasserstein distance of an example", _LENGTH),
        Label(WASSERSTEIN_COUPLED, _FOR_NEIGHBOUR, "mean distance of paired examples", _LENGTH),
        Label(WASSERSTEIN_DUAL, _FOR_NEIGHBOUR, "distance of the examples' means", _LENGTH),
        Label(TV_COUPLED, _FOR_NEIGHBOUR, "mean total variation of paired models' sets", "1"),
        Label(TV_MIXTURE, _FOR_NEIGHBOUR, "total variation of mixtures over replicates", "1"),
        Label(TV_HELD_OUT, _FOR_NEIGHBOUR, "difference of an event's chance, held out", "1"),
        Label(WASSERSTEIN_LOW, _FOR_NEIGHBOUR, "lower end of Wasserstein's interval", _LENGTH),
        Label(WASSERSTEIN_HIGH, _FOR_NEIGHBOUR, "upper end of Wasserstein's interval", _LENGTH),
        Label(TV_LOW, _FOR_NEIGHBOUR, "lower end of total variation's interval", "1"),
        Label(TV_HIGH, _FOR_NEIGHBOUR, "upper end of total variation's interval", "1"),
    )
}


#: A generalisation gap, what it is made of, and the bound's terms.
GAP, GAP_QUANTILE = "gap", "gap_quantile"
GAP_SHIFT, GAP_REAL, GAP_GENERATED = "gap_shift", "gap_of_real", "gap_of_generated"
GENERATION_ERROR = "generation_error"
DISTRIBUTION_SHIFT, SHIFT_BOUND = "distribution_shift", "distribution_shift_bound"
SHIFT_SUM = "distribution_shift_sum"
UNIFORM_STABILITY, TV_STABILITY = "uniform_stability", "recursive_stability"
LOSS_BOUND = "loss_bound"
BOUND_SHIFT, BOUND_UNIFORM = "bound_shift", "bound_uniform"
BOUND_RECURSIVE = "bound_recursive"
BOUND_EXPECTED, BOUND_CONFIDENT = "bound_expected", "bound_confident"
BOUND_OVER_RANGE, VACUOUS = "bound_over_range", "vacuous"

_EACH = (GENERATION,)

#: Of the generalisation bound (``toolkit.stability``), with all their dimensions.
GENERALIZATION: dict[str, Label] = {
    label.name: label
    for label in (
        Label(GAP, _EACH, "mean risk on real data less that on the training set", "1"),
        Label(GAP_QUANTILE, _EACH, "quantile of the size of the gap", "1"),
        Label(GAP_SHIFT, _EACH, "part of the gap: the generated data's law", "1"),
        Label(GAP_REAL, _EACH, "part of the gap: real examples learnt by heart", "1"),
        Label(GAP_GENERATED, _EACH, "part of the gap: generated examples learnt by heart", "1"),
        Label(GENERATION_ERROR, _EACH, "total variation that a fit adds", "1"),
        Label(DISTRIBUTION_SHIFT, _EACH, "total variation, generated to real", "1"),
        Label(SHIFT_BOUND, _EACH, "bound on it by the largest error of a fit (F1)", "1"),
        Label(SHIFT_SUM, _EACH, "bound on it by the error of each fit", "1"),
        Label(UNIFORM_STABILITY, (), "largest change of the loss by one example, measured", "1"),
        Label(TV_STABILITY, _EACH, "recursive stability of the synthetic set, measured", "1"),
        Label(LOSS_BOUND, (), "range of the loss, M", "1"),
        Label(BOUND_SHIFT, _EACH, "term of the bound: distribution shift", "1"),
        Label(BOUND_UNIFORM, _EACH, "term of the bound: uniform stability", "1"),
        Label(BOUND_RECURSIVE, _EACH, "term of the bound: recursive stability", "1"),
        Label(BOUND_EXPECTED, _EACH, "bound on the mean gap", "1"),
        Label(BOUND_CONFIDENT, _EACH, "bound on the gap with high probability", "1"),
        Label(BOUND_OVER_RANGE, _EACH, "bound on the mean gap over the range of the loss", "1"),
        Label(VACUOUS, _EACH, "the bound is no less than the range of the loss", "1"),
    )
}


def stability_attrs(name: str) -> dict[str, str]:
    """Attributes of an estimate of stability or generalisation, or of its standard error.

    Examples
    --------
    >>> stability_attrs("wasserstein_dual_se")["long_name"]
    "standard error of: distance of the examples' means"
    """
    label = (RECURSIVE_STABILITY | GENERALIZATION)[name.removesuffix(OF_ERROR)]
    if name.endswith(OF_ERROR):
        return {**label.attrs, "long_name": f"standard error of: {label.long_name}"}
    return label.attrs


def variable(name: str) -> Label:
    """The label of a trajectory variable.

    Parameters
    ----------
    name : str

    Raises
    ------
    ValueError
        When the name is not one of the toolkit's variables.

    Examples
    --------
    >>> variable("text_diversity").axis
    'text diversity (Gini-Simpson)'
    """
    try:
        return OBSERVED[name] if name in OBSERVED else VARIABLES[name]
    except KeyError:
        known = ", ".join(VARIABLES)
        raise ValueError(f"no variable is called {name!r}; choose from: {known}.") from None


def item(dims: Iterable[object]) -> str | None:
    """That of the dims along which there is a value for each of several items.

    Examples
    --------
    >>> item(("generation", "text")), item(("generation",))
    ('text', None)
    """
    present = set(dims)
    return next((dim for dim in ITEMS if dim in present), None)


def dims(name: str) -> tuple[str, ...]:
    """All dimensions of a trajectory variable, ``replicate`` and ``generation`` first."""
    return (REPLICATE, GENERATION, *variable(name).dims)
