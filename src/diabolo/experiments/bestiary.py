"""Linear, variational and topological autoencoders side by side."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from .. import plots
from ..datasets import make_spheres
from ..estimator.autoencoder import Autoencoder
from ..latent import Gaussian
from ..metrics import active_units, cluster_agreement, kl_per_dimension, knn_accuracy, neighbourhood
from ..networks import MLP
from ..penalties import KL, Topological
from ..studies import fit_stack
from .context import ExperimentContext
from .course import autoencoder, columns, panels, pictures, several
from .record import Experiment, Section, Target

Array = NDArray[np.floating]

_ROWS, _EPOCHS = 1000, 50
_BETAS = (0.1, 0.5, 1.0, 4.0, 16.0)
_EVERY = 10


def _linear(context: ExperimentContext) -> Autoencoder:
    def train() -> Autoencoder:
        ae = autoencoder(context, 2, MLP(()), epochs=_EPOCHS, batch_size=64, lr=0.01, snapshots=_ROWS)
        return ae.fit(pictures(context).X)

    return context.once("linear", train)


def _variational(context: ExperimentContext, size: int, beta: float, epochs: int) -> Autoencoder:
    """784-32-16, mean and log-variance heads, sigmoid output, summed squared error + beta KL; not fitted."""
    return autoencoder(
        context,
        Gaussian(size),
        MLP((32, 16)),
        decoder=MLP((16, 32), output_activation="sigmoid"),
        penalties=KL(beta),
        epochs=epochs,
        batch_size=64,
        snapshots=_ROWS,
    )


def _vae(context: ExperimentContext, size: int) -> Autoencoder:
    data = pictures(context)
    return context.once(("VAE", size), lambda: _variational(context, size, 1.0, _EPOCHS).fit(data.X))


def _error(ae: Autoencoder, X: Array) -> float:
    """Squared error a row of the deterministic reconstruction."""
    return -ae.score(X)


def _late(ae: Autoencoder) -> float:
    """How far the loss after ten epochs is above the last one, as a share of it."""
    losses = ae.history_["loss"]
    return float(losses[min(_EVERY, len(losses)) - 1] / losses[-1] - 1)


def _kl(ae: Autoencoder, X: Array) -> Array:
    """KL divergence of each latent dimension, in nats, averaged over rows."""
    with torch.no_grad():
        q: Any = ae.module_.posterior_of(torch.from_numpy(X).to(next(ae.module_.parameters())))
    return kl_per_dimension(q.mean.cpu().numpy(), q.log_variance.cpu().numpy())


def _progress(context: ExperimentContext, name: str, ae: Autoencoder, reading: str) -> None:
    """Reconstructions every ten epochs, from none to the last, and the codes over the epochs."""
    data, shots = pictures(context), ae.history_.snapshots
    shown = list(range(0, len(shots), max(1, (len(shots) - 1) // 5)))
    rows = {"original": data.X[:8]} | {f"epoch {e}": shots[e]["reconstructions"][:8] for e in shown}
    context.draw(f"{name}-rows", f"{name}: reconstructions as training goes on", reading,
               lambda: plots.image_rows(rows, n=8))  # fmt: skip
    first, last = shots[0]["codes"], shots[-1]["codes"]
    moves = [float(np.linalg.norm(b["codes"] - a["codes"], axis=1).mean()) for a, b in pairwise(shots)]
    spread = float(last.std())
    context.draw(
        f"{name}-codes",
        f"{name}: codes of the same digits at the start, early and at the end",
        f"In the first epoch a code moves {moves[0]:.2f} on average, in the last {moves[-1]:.2f}; "
        f"the codes' standard deviation at the end is {spread:.2f}.",
        lambda: panels(
            lambda Z, ax: plots.encoder_map(Z, data.y[: len(first)], dims=(0, 1), ax=ax),
            {f"epoch {e}": shots[e]["codes"] for e in (0, 1, len(shots) - 1)},
            per_row=3,
        ),
    )


def linear(context: ExperimentContext) -> None:
    """784-2-784 against its exact floor."""
    data, ae = pictures(context), _linear(context)
    pca = PCA(2, svd_solver="full").fit(data.X)
    floor = float(((data.X_test - pca.inverse_transform(pca.transform(data.X_test))) ** 2).sum(1).mean())
    got = _error(ae, data.X_test)
    context.measure("PCA-2: test error", floor, "squared units a row")
    context.measure("linear: test error", got, "squared units a row")
    ratio = context.measure("linear error over its floor, PCA-2", got / floor)
    if not context.first:
        return
    context.state("The linear autoencoder is within 2 % of PCA.", ratio <= 1.02, ratio=ratio)
    _progress(
        context, "linear", ae, f"It ends {ratio - 1:.1%} above PCA's error, which no linear map can beat."
    )
    X, y = data.few(2000)
    context.draw(
        "linear-map",
        "The linear code beside PCA's",
        f"The linear code spans nearly the same plane as PCA's: its error is {ratio:.3f} times PCA's.",
        lambda: several(
            {
                "linear autoencoder": lambda ax: plots.encoder_map(ae.transform(X), y, ax=ax),
                "PCA": lambda ax: plots.encoder_map(pca.transform(X), y, ax=ax),
            },
            size=(4.8, 3.8),
        ),
    )


def variational(context: ExperimentContext) -> None:
    """The VAE with a bottleneck of 2 and of 32."""
    data = pictures(context)
    mean_error = float(((data.X_test - data.X.mean(0)) ** 2).sum(1).mean())
    for size in (2, 32):
        ae = _vae(context, size)
        got, active = _error(ae, data.X_test), int(active_units(ae.transform(data.X_test)).sum())
        context.measure(f"VAE-{size}: test error over that of the mean", got / mean_error)
        context.measure(f"VAE-{size}: active units", active)
        if not context.first:
            continue
        context.measure(f"VAE-{size}: test error", got, "squared units a row")
        context.measure(f"VAE-{size}: KL divergence", _kl(ae, data.X_test).sum(), "nats a row")
        context.state(
            f"The VAE with {size} latent dimensions predicts more than the mean, with at least one active unit.",
            got < mean_error and active >= 1,
            error=got,
            error_of_the_mean=mean_error,
            active_units=active,
        )
        _progress(
            context, f"vae-{size}", ae, f"It ends at {got:.1f} a row; the mean digit has {mean_error:.1f}."
        )
        samples = ae.sample(16, random_state=0)
        context.draw(
            f"vae-{size}-samples",
            f"Samples from the prior, {size} dimensions",
            f"{active} of {size} dimensions are active: their mean code has a variance above 0.01 over the test rows.",
            partial(plots.image_rows, {"samples": samples[:8], "more": samples[8:]}, n=8),
        )
    flat, linear_ae = _vae(context, 2), _linear(context)
    if context.first:
        context.draw(
            "losses",
            "Training losses",
            f"After ten epochs the linear loss is {_late(linear_ae):.1%} above its last value, that of the VAE "
            f"{_late(flat):.1%}.",
            lambda: plots.loss_curves(
                {"linear": columns(linear_ae), "VAE-2": columns(flat)}, against="epoch"
            ),
        )


def betas(context: ExperimentContext) -> None:
    """What the weight of the KL divergence trades for what."""
    data = pictures(context)
    epochs = context.choose(20, 10)
    rows: dict[str, list[list[float]]] = {"test error": [], "KL divergence": [], "active units": []}
    models = fit_stack([_variational(context, 32, beta, epochs) for beta in _BETAS], data.X)
    for beta, ae in zip(_BETAS, models, strict=True):
        found = (
            _error(ae, data.X_test),
            float(_kl(ae, data.X_test).sum()),
            float(active_units(ae.transform(data.X_test)).sum()),
        )
        for (name, values), value in zip(rows.items(), found, strict=True):
            values.append([value])
            context.measure(f"beta {beta:g}: {name}", value)
    errors, kls = (np.ravel(rows[name]) for name in ("test error", "KL divergence"))
    context.state(
        "A larger beta gives a smaller KL divergence and a larger error, at every step of the sweep.",
        bool((np.diff(errors) >= -0.02 * errors[:-1]).all() and (np.diff(kls) <= 0).all()),
        error_at_the_smallest=errors[0],
        error_at_the_largest=errors[-1],
        KL_at_the_smallest=kls[0],
        KL_at_the_largest=kls[-1],
    )
    context.note(f"The sweep trains {epochs} epochs each, with 32 latent dimensions.")
    context.draw(
        "betas",
        "Error, KL divergence and active units over beta",
        f"From beta {_BETAS[0]:g} to {_BETAS[-1]:g} the error goes from {errors[0]:.1f} to {errors[-1]:.1f} a row, the "
        f"KL divergence from {kls[0]:.1f} to {kls[-1]:.1f} nats.",
        lambda: panels(
            lambda name, ax: plots.metric_curve(
                _BETAS, rows[name], x_name="beta", y_name=name, log=True, ax=ax
            ),
            {name: name for name in rows},
            per_row=3,
        ),
    )


def codes(context: ExperimentContext) -> None:
    """Interpolation and clustering of codes, with PCA's beside."""
    data = pictures(context)
    X, y = data.few(context.choose(500, 3000))
    models = {"linear": _linear(context), "VAE-2": _vae(context, 2), "VAE-32": _vae(context, 32)}
    scores = {name: cluster_agreement(ae.transform(X), y, data=X) for name, ae in models.items()}
    for name, score in scores.items():
        for key, value in score.items():
            context.measure(f"{name}: {key.replace('pca_', 'PCA, ').upper()}", value)
    context.state(
        "Clusters of the VAE's codes match the digits better than PCA's of the same dimension (ARI).",
        all(scores[n]["ari"] > scores[n]["pca_ari"] for n in ("VAE-2", "VAE-32")),
        **{f"{n}_{k}": scores[n][k] for n in ("VAE-2", "VAE-32") for k in ("ari", "pca_ari")},
    )
    ae = models["VAE-32"]
    Z = ae.transform(X)
    context.draw(
        "interpolation",
        "From one digit to another, VAE-32",
        "Codes on the straight way between two test digits, decoded.",
        lambda: plots.interpolation(ae, Z[:4], Z[4:8], n=9),
    )


def topological(context: ExperimentContext) -> None:
    """The nested spheres: does the big sphere stay around the small ones?"""
    X, y = make_spheres(context.choose(50, 200), random_state=42 + context.seed)
    X = X.astype(np.float32)
    models: dict[str, Any] = {}
    for name, penalties in {"plain": (), "topological": (Topological(X.shape[1] * 1.0),)}.items():
        models[name] = autoencoder(
            context, 2, MLP((32, 32)), epochs=context.choose(5, 60), batch_size=64, drop_last=True,
            penalties=penalties, scaling="standard",
        ).fit(X)  # fmt: skip
    models["PCA"] = PCA(2).fit(X)
    found = {name: neighbourhood(X, m.transform(X), ks=[10], sigmas=[0.1]) for name, m in models.items()}
    for name, scores in found.items():
        for key, value in scores.items():
            context.measure(f"{name}: {key}", value)
        context.measure(
            f"{name}: accuracy of 5 nearest neighbours", knn_accuracy(models[name].transform(X), y)
        )
    key = "kl_0.1"
    context.state(
        "The topological autoencoder keeps the density of the data best (smallest density KL at 0.1).",
        found["topological"][key] <= min(found["plain"][key], found["PCA"][key]),
        **{name: scores[key] for name, scores in found.items()},
    )
    context.draw(
        "spheres",
        "Ten small spheres inside a large one, three maps",
        f"Density KL at 0.1: {found['topological'][key]:.2f} with the topological penalty, {found['plain'][key]:.2f} "
        f"without, {found['PCA'][key]:.2f} for PCA.",
        lambda: panels(
            lambda m, ax: plots.encoder_map(m.transform(X), y, ax=ax),
            models,
            per_row=3,
        ),
    )


EXPERIMENT = Experiment(
    name="bestiary",
    title="Linear, variational and topological autoencoders side by side",
    source="A talk on kinds of autoencoders.",
    data="MNIST; batches of 64, 50 epochs; Adam at 0.01 for the linear model and at 1e-3 for the others",
    quick="the bundled digits, the same settings",
    sections=(
        Section(
            "linear",
            "The linear autoencoder and its floor",
            linear,
            (
                Target(
                    "linear error over its floor, PCA-2",
                    1.0,
                    0.02,
                    unit="ratio; the floor is exact",
                ),
            ),
        ),
        Section(
            "variational",
            "The variational autoencoder, two and 32 dimensions",
            variational,
            tuple(
                target
                for size in (2, 32)
                for target in (
                    Target(f"VAE-{size}: test error over that of the mean", 1.0, 0.0, unit="ratio"),
                    Target(f"VAE-{size}: active units", 1, 0, "at least", unit="of the latent dimensions"),
                )
            ),
        ),
        Section("betas", "The weight of the KL divergence", betas),
        Section("codes", "Between codes, and groups of them", codes),
        Section("topological", "The topological autoencoder on nested spheres", topological),
    ),
)
