"""What is wrong with a model, in sentences: each finding is a pure function of the figures.

Every function states its threshold; figures that need no more than a range stand in :mod:`~diabolo.report.rules`.
``FINDINGS`` is the table that the report goes through, in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .figures import Errors, Figures
from .rules import RANGES, Severity


@dataclass(frozen=True)
class Finding:
    """Something to know or to mend.

    Attributes
    ----------
    kind : str
        Its name in ``FINDINGS``.
    sentence : str
        What was found, and what to do.
    severity : "severe", "warning" or "note"
        The model cannot be used; it is worse than it should be; worth knowing.
    """

    kind: str
    sentence: str
    severity: Severity


Rule = Callable[[Figures], tuple[Severity, str] | None]

COLLAPSED_KL = 0.01
CONSTANT_SHARE = 1e-6
DEAD_LAYER_SHARE = 0.9
GAIN = 0.02
OVER_FIT = 2.0
RISE = 0.05
UNFINISHED = 0.02
WORSE_THAN_PCA = 1.05
_REMEDY = "train longer or on more rows, give the network wider layers or weaker penalties, or use PCA"


def not_finite(f: Figures) -> tuple[Severity, str] | None:
    """One row or more has a code or a reconstruction that is NaN or infinite."""
    if f.not_finite == 0:
        return None
    return "severe", (
        f"{f.not_finite} of {f.rows['judged']} samples have a NaN or infinite code or reconstruction; they are left "
        "out of every other figure. Train again with a lower learning rate, or look for extreme values in the data."
    )


def diverged(f: Figures) -> tuple[Severity, str] | None:
    """The training's status is "diverged"."""
    if f.course.status != "diverged":
        return None
    return "severe", (
        f"training diverged after {len(f.course.loss)} whole epochs and the weights are those of the last good "
        "step; lower the learning rate or set training.clip_norm."
    )


def interrupted(f: Figures) -> tuple[Severity, str] | None:
    """The training's status is "interrupted": the user stopped it before its last epoch."""
    if f.course.status != "interrupted":
        return None
    return "warning", (
        f"training was interrupted after {len(f.course.loss)} whole epochs; figures are those of an unfinished model."
    )


def not_better_than_mean(f: Figures) -> tuple[Severity, str] | None:
    """The squared error is not at least 2 % below that of predicting the mean of the training rows."""
    return _against(f, "mean", "predicting the mean row", "it has learnt nothing about single rows")


def not_better_than_untrained(f: Figures) -> tuple[Severity, str] | None:
    """The squared error is not at least 2 % below that of the same network before training."""
    return _against(f, "untrained", "the same network before training", "training has changed nothing")


def _against(f: Figures, rival: str, name: str, meaning: str) -> tuple[Severity, str] | None:
    model, other = _error(f.errors, "model"), _error(f.errors, rival)
    if model is None or other is None or model < (1 - GAIN) * other:
        return None
    return "severe", (
        f"{name} does as well ({_compared(f, rival)}): {meaning}; look at the learning rate, the weights of the "
        "penalties and the scaling."
    )


def posterior_collapse(f: Figures) -> tuple[Severity, str] | None:
    """A latent unit's KL divergence to the prior is below 0.01 nats (stochastic codes only)."""
    if f.latent is None or f.latent.kl is None:
        return None
    dead = sum(kl < COLLAPSED_KL for kl in f.latent.kl)
    if dead == 0:
        return None
    verb = "carry" if dead > 1 else "carries"
    return "severe" if dead == f.dim else "warning", (
        f"{dead} of {f.dim} latent units {verb} no information (KL < {COLLAPSED_KL:g} nats): posterior collapse; "
        "lower beta or warm it up."
    )


def dead_bottleneck(f: Figures) -> tuple[Severity, str] | None:
    """A unit of the code is exactly zero on more than 99 % of rows, as behind a ReLU that never fires."""
    if f.latent is None or not f.latent.dead:
        return None
    dead = len(f.latent.dead)
    return "severe" if dead == f.dim else "warning", (
        f"{dead} of {f.dim} bottleneck units {'are' if dead > 1 else 'is'} dead (zero on more than 99 % of samples); "
        "leave the code without an activation, or use leaky_relu or elu, or lower the learning rate."
    )


def constant_code(f: Figures) -> tuple[Severity, str] | None:
    """A dimension's variance is below one millionth of the largest, or all are zero.

    Dead units and collapsed posteriors are left to their own findings.
    """
    if f.latent is None or f.latent.kl is not None:
        return None
    variance = np.asarray(f.latent.variance)
    still = [d for d, v in enumerate(variance) if v <= CONSTANT_SHARE * variance.max()]
    constant = [d for d in still if d not in f.latent.dead]
    if not constant:
        return None
    return "severe" if len(still) == f.dim else "warning", (
        f"{len(constant)} of {f.dim} dimensions of the code {'are' if len(constant) > 1 else 'is'} the same for "
        "every sample; lower the weights of the penalties, or use fewer dimensions."
    )


def dead_layers(f: Figures) -> tuple[Severity, str] | None:
    """More than 90 % of a hidden layer's units are zero on more than 99 % of rows.

    Fewer dead units are usual: a well-trained ReLU network may leave half of a wide layer unused.
    """
    layers = f.latent.layers if f.latent is not None else ()
    dead = [layer for layer in layers if layer.dead > DEAD_LAYER_SHARE * layer.width]
    if not dead:
        return None
    names = ", ".join(f"{layer.name} ({layer.dead} of {layer.width})" for layer in dead)
    return "warning", (
        f"most units of a hidden layer are dead (zero on more than 99 % of samples): {names}; lower the learning "
        "rate or use leaky_relu or elu."
    )


def narrow_layer(f: Figures) -> tuple[Severity, str] | None:
    """A hidden layer has fewer units than the code has dimensions: it is the real bottleneck.

    Hidden layers between the widths of the input and of the code are what an autoencoder is made of, and
    are no finding.
    """
    layers = f.latent.layers if f.latent is not None else ()
    narrow = [layer for layer in layers if layer.width < f.dim]
    if not narrow:
        return None
    layer = min(narrow, key=lambda each: each.width)
    input_too = f" and than the input ({f.n_features} features)" if layer.width < f.n_features else ""
    return "warning", (
        f"the hidden layer {layer.name} has {layer.width} units and is narrower than the code ({f.dim} "
        f"dimensions){input_too}: it is the real bottleneck; make it wider or the code smaller."
    )


def linear_in_disguise(f: Figures) -> tuple[Severity, str] | None:
    """A network's squared error is within 2 % below and 5 % above that of PCA at the same dimension."""
    model, pca = _error(f.errors, "model"), _error(f.errors, "pca")
    if not f.is_network or model is None or pca is None:
        return None
    if not (1 - GAIN) * pca <= model <= WORSE_THAN_PCA * pca:
        return None
    return "warning", (
        f"PCA with {f.pca_components} components reconstructs as well ({_compared(f, 'pca')}): the network is not "
        f"using its non-linearity; add hidden layers, train longer, or use PCA.{_fitted_here(f)}"
    )


def worse_than_pca(f: Figures) -> tuple[Severity, str] | None:
    """The squared error is more than 5 % above that of PCA at the same dimension; a warning without penalties.

    As many components as features leave nothing out, so that there is nothing to compare with.
    """
    model, pca = _error(f.errors, "model"), _error(f.errors, "pca")
    if model is None or pca is None or f.pca_components >= f.n_features or model <= WORSE_THAN_PCA * pca:
        return None
    penalised = len(f.terms) > 1
    why = "; its penalties and its noise cost reconstruction" if penalised else ""
    severity: Severity = "warning" if f.is_network and not penalised else "note"
    return severity, (
        f"PCA with {f.pca_components} components reconstructs better ({_compared(f, 'pca')}){why}; {_REMEDY}."
        f"{_fitted_here(f)}"
    )


def _fitted_here(f: Figures) -> str:
    """What puts PCA at an advantage, where it was fitted to the rows that are judged."""
    if f.train_errors:
        return ""
    return " PCA was fitted to the rows of this report: if the model was trained on others, give them as X_train."


def over_fit(f: Figures) -> tuple[Severity, str] | None:
    """The squared error on held-out rows is more than twice that on training rows.

    Judged on the rows of the report where training rows were given, else on the last epoch's validation
    loss against its training loss (where that loss is positive, so that a ratio means something).
    """
    train, held = _error(f.train_errors, "model"), _error(f.errors, "model")
    if train is None:
        if not f.course.val_reconstruction or f.course.best_kept:
            return None
        train, held = f.course.reconstruction[-1], f.course.val_reconstruction[-1]
    if held is None or not train > 0 or held <= OVER_FIT * train:
        return None
    return "warning", (
        f"over-fit: the error on held-out samples is {held / train:.1f} times that on training samples ({held:.4g} "
        f"against {train:.4g}); train on more samples, stop early, or use a smaller network or noise."
    )


def validation_rises(f: Figures) -> tuple[Severity, str] | None:
    """The validation error ended more than 5 % above its lowest, which lay before the last tenth of epochs.

    The end is the mean of the last tenth of epochs. Early stopping has gone back to the best weights, so that
    nothing is found then.
    """
    values = np.asarray(f.course.val_reconstruction)
    if len(values) < 5 or f.course.best_kept or not np.isfinite(values).all():
        return None
    window = max(1, len(values) // 10)
    lowest = int(values.argmin())
    if lowest >= len(values) - window or values[-window:].mean() - values[lowest] <= RISE * abs(
        values[lowest]
    ):
        return None
    return "warning", (
        f"the validation error has risen since epoch {lowest + 1} (from {values[lowest]:.4g} to {values[-1]:.4g}); "
        "stop there with training.early_stopping, or train on more samples."
    )


def not_finished(f: Figures) -> tuple[Severity, str] | None:
    """The loss fell in the last tenth of epochs by more than 2 % of its whole fall (two epochs or more).

    What is compared is the mean over the last tenth with the mean over the tenth before.
    """
    loss = np.asarray(f.course.loss)
    if len(loss) < 2 or f.course.status not in ("finished", "stopped") or not np.isfinite(loss).all():
        return None
    window = max(1, len(loss) // 10)
    last, before = loss[-window:].mean(), loss[-2 * window : -window].mean()
    whole = loss[0] - last
    if whole <= 0 or before - last <= UNFINISHED * whole:
        return None
    return "note", (
        f"training is not finished: the last {window} of {len(loss)} epochs still brought "
        f"{(before - last) / whole:.0%} of the whole fall of the loss; train longer."
    )


FINDINGS: Mapping[str, Rule] = {
    rule.__name__: rule
    for rule in (
        not_finite,
        diverged,
        interrupted,
        not_better_than_mean,
        not_better_than_untrained,
        posterior_collapse,
        dead_bottleneck,
        constant_code,
        narrow_layer,
        dead_layers,
        over_fit,
        validation_rises,
        linear_in_disguise,
        worse_than_pca,
        not_finished,
    )
} | {each.kind: each for each in RANGES}


def find(figures: Figures) -> tuple[Finding, ...]:
    """All findings, the severe ones first, otherwise in the order of ``FINDINGS``."""
    order = ("severe", "warning", "note")
    found = []
    for kind, rule in FINDINGS.items():
        hit = rule(figures)
        if hit is not None:
            found.append(Finding(kind, hit[1], hit[0]))
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def _compared(f: Figures, rival: str) -> str:
    """A rival's error beside the model's, in the units that the model was trained in."""
    from .tables import share

    other, model = f.errors[rival], f.errors["model"]
    if other.explained is None or model.explained is None or math.isnan(other.explained):
        return f"squared error {other.squared_error:.4g} against {model.squared_error:.4g}"
    return f"{share(other.explained)} of the variance explained against {share(model.explained)}, features {f.units}"


def _error(errors: Mapping[str, Errors], name: str) -> float | None:
    """The squared error of a model in the units that were trained, None where there is none to speak of."""
    found = errors.get(name)
    error = None if found is None else found.squared_error if found.trained is None else found.trained
    return error if error is not None and math.isfinite(error) else None
