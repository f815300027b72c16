"""A one-unit bottleneck on a rectangle: what PCA, small and big networks make of a line."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import spearmanr

from .. import plots
from ..estimator.autoencoder import Autoencoder
from ..metrics import mse
from ..networks import MLP
from ..penalties import L1, L2, WeightDecay, WeightL1
from .context import ExperimentContext
from .course import autoencoder, columns, panels, several
from .record import Experiment, Section, Target
from .rectangle_points import points, through_points

Array = NDArray[np.floating]

_NETWORKS = {
    "linear": MLP(()),
    "small": MLP((20, 10)),
    "big": MLP((50, 50, 50)),
    "sigmoid": MLP((50, 50, 50), output_activation="sigmoid"),
}
_ENDS = (-10.0, 10.0)
_RISE = 1.1


def _fit(context: ExperimentContext, encoder: MLP, **settings: Any) -> Autoencoder:
    given = {"epochs": context.choose(30, 1000), "batch_size": 8, "drop_last": True, **settings}
    return autoencoder(context, 1, encoder, **given).fit(points(context))


def _model(context: ExperimentContext, name: str) -> Autoencoder:
    return context.once(name, lambda: _fit(context, _NETWORKS[name]))


def _models(context: ExperimentContext) -> dict[str, Autoencoder]:
    return {name: _model(context, name) for name in _NETWORKS}


def _settled_step(ae: Autoencoder) -> int:
    """Steps until the epoch's mean loss first is within 1.1 of the final one (mean of the last 2 %)."""
    losses = ae.history_["loss"]
    final = losses[-max(1, len(losses) // 50) :].mean()
    return int((losses <= _RISE * final).argmax() + 1) * (len(ae.history_.steps["loss"]) // len(losses))


def compress(context: ExperimentContext) -> None:
    """Four models, their errors and their speed."""
    X, models = points(context), _models(context)
    errors = {name: mse(X, ae.reconstruct(X)) for name, ae in models.items()}
    steps = {name: _settled_step(ae) for name, ae in models.items()}
    for name in models:
        context.measure(f"{name}: mean squared error", errors[name], "squared units a feature")
        context.measure(f"{name}: steps to 1.1 of the final loss", steps[name], "steps")
    centred = X - X.mean(0)
    floor = float(np.linalg.svd(centred, compute_uv=False)[-1] ** 2) / X.size
    context.measure("error of PCA, the floor of the linear model", floor, "squared units a feature")
    context.measure("error of the big model over the linear one", errors["big"] / errors["linear"])
    context.state(
        "The linear model finds what PCA finds (within 2 % of its error).",
        errors["linear"] <= 1.02 * floor,
        linear=errors["linear"],
        PCA=floor,
    )
    context.state(
        "PCA, learnt by gradient descent, converges much slower than the networks (more than twice the steps).",
        steps["linear"] > 2 * max(steps["small"], steps["big"]),
        **{f"steps_{name}": float(steps[name]) for name in ("linear", "small", "big")},
    )
    _draw_compressed(context, X, models, errors, steps)
    _sigmoid(context, X, models["sigmoid"], errors)


def _draw_compressed(
    context: ExperimentContext,
    X: Array,
    models: dict[str, Autoencoder],
    errors: dict[str, float],
    steps: dict[str, int],
) -> None:
    context.draw(
        "losses",
        "Training loss of the four models",
        f"The linear model ends at {errors['linear']:.3f} a feature, the big one at {errors['big']:.4f}. "
        f"Within 1.1 of its final loss the linear one is after {steps['linear']:,} steps, "
        f"the big one after {steps['big']:,}.",
        lambda: plots.loss_curves(
            {name: columns(ae) for name, ae in models.items()}, against="epoch", log=True
        ),
    )
    context.draw(
        "code",
        "The code as colour over the data plane",
        "A linear code changes along one direction. Where colours jump, neighbours in the plane get distant codes.",
        lambda: panels(
            lambda a, ax: plots.plane_colour(X, encode=a, ax=ax),
            models,
            size=(4.8, 3.0),
        ),
    )


def _sigmoid(context: ExperimentContext, X: Array, ae: Autoencoder, errors: dict[str, float]) -> None:
    """What the bottleneck that the sheet set aside needs: its line is the interval (0, 1)."""
    codes = ae.transform(X)
    context.measure("sigmoid: range of the codes", float(codes.max() - codes.min()))
    context.state(
        "With a sigmoid on the code the big network still beats the linear one; its line is the interval (0, 1).",
        errors["sigmoid"] < errors["linear"],
        sigmoid=errors["sigmoid"],
        linear=errors["linear"],
        least_code=float(codes.min()),
        largest_code=float(codes.max()),
    )


def kinks_of(ae: Autoencoder, n: int = 40001) -> Array:
    """Codes in [-10, 10] at which the decoder's line has a kink, from its slopes in float64."""
    module = copy.deepcopy(ae.module_).double()
    z = torch.linspace(*_ENDS, n, dtype=torch.float64)[:, None]
    with torch.no_grad():
        slopes = np.diff(module.decode(z).numpy(), axis=0) / float(z[1] - z[0])
    change = np.linalg.norm(np.diff(slopes, axis=0), axis=1)
    at = np.flatnonzero(change > 1e-6 * np.abs(slopes).max())
    # A kink between two grid points shows in two neighbouring differences.
    first = np.flatnonzero(np.diff(at, prepend=-9) > 1)
    return z.numpy()[at[first] + 1, 0]


def lines(context: ExperimentContext) -> None:
    """The image of the latent line, trained and at the start."""
    X, models = points(context), _models(context)
    starts = {name: ae.untrained() for name, ae in models.items() if name != "sigmoid"}
    ends = models["linear"].inverse_transform(np.array([[-10.0], [10.0]], np.float32))
    dx, dy = ends[1] - ends[0]
    angle = float(np.degrees(np.arctan2(dy, dx)))
    angle = (angle + 90) % 180 - 90
    context.measure("linear: angle of its line to the x axis", angle, "degrees")
    counts = {}
    for name in ("small", "big"):
        for form, ae in (("trained", models[name]), ("at the start", starts[name])):
            kinks = kinks_of(ae)
            counts[name, form] = len(kinks)
            context.measure(f"{name}, {form}: breakpoints on the line", len(kinks))
            inside = ", ".join(f"{k:.2f}" for k in kinks[:12]) + (", ..." if len(kinks) > 12 else "")
            context.note(f"{name}, {form}: kinks at z = {inside or 'none'}.")
    context.state(
        "The line of the linear model lies along the longer side (within 10 degrees of the x axis).",
        abs(angle) < 10,
        angle=angle,
    )
    context.state(
        "Training gives the big decoder's line more kinks than it started with.",
        counts["big", "trained"] > counts["big", "at the start"],
        trained=counts["big", "trained"],
        at_the_start=counts["big", "at the start"],
    )
    drawn: dict[str, Autoencoder] = {}
    for name, start in starts.items():
        drawn |= {f"{name}, at the start": start, f"{name}, trained": models[name]}
    context.draw(
        "lines",
        "The latent line from -10 to 10 in data space",
        f"The linear model's line stands at {angle:.1f}° to the x axis. The big one's has "
        f"{counts['big', 'at the start']} kinks at the start and {counts['big', 'trained']} after training."
        " A decoder of rectifiers makes straight pieces. What leaves the frame goes on straight.",
        lambda: panels(lambda a, ax: _line(a, X, ax), drawn, size=(4.8, 3.0)),
    )


def _line(ae: Autoencoder, X: Array, ax: Any) -> None:
    plots.latent_line(ae, *_ENDS, X=X, ax=ax)
    ax.set(xlim=(-4.5, 4.5), ylim=(-2.5, 2.5))


def frozen(context: ExperimentContext) -> None:
    """A second encoder for the big model's frozen decoder: where do the two differ?"""
    X, big = points(context), _model(context, "big")
    training = big.training.replace(lr=0.01, schedule="cosine")
    second = big.fine_tune(X, training=training, freeze=["decoder"], reset=["encoder"])
    axis = np.linspace(-5, 5, 101, dtype=np.float32)
    grid = np.stack([a.ravel() for a in np.meshgrid(axis, axis)], axis=1)
    gap = np.abs(second.transform(grid) - big.transform(grid))[:, 0]
    codes = big.transform(X)
    line = np.linspace(codes.min(), codes.max(), 2000, dtype=np.float32)[:, None]
    away = np.asarray(cKDTree(big.inverse_transform(line)).query(grid)[0])
    rank = float(spearmanr(gap, away).statistic)
    first_error, second_error = mse(X, big.reconstruct(X)), mse(X, second.reconstruct(X))
    context.measure("rank correlation of |z2 - z1| with the distance to the curve", rank)
    context.measure("error with the first encoder", first_error, "squared units a feature")
    context.measure("error with the second encoder", second_error, "squared units a feature")
    context.state(
        "Two encoders of one decoder agree near its curve and differ away from it (rank correlation above 0.3).",
        rank > 0.3,
        rank_correlation=rank,
        mean_difference_at_the_data=float(np.abs(second.transform(X) - codes).mean()),
        mean_difference_on_the_grid=float(gap.mean()),
    )
    context.draw(
        "difference",
        "Difference of two encoders of the same decoder",
        f"The data only say what a code should be near the curve: the rank correlation of the difference with "
        f"the distance to the curve is {rank:.2f}.",
        lambda: plots.encoder_difference(
            second, big, limits=((-5, 5), (-5, 5)), decode=big, line=(codes.min(), codes.max())
        ),
    )


def descent(context: ExperimentContext) -> None:
    """Gradient descent on all rows against one row at a time."""
    X, epochs = points(context), context.choose(10, 1000)
    kinds: dict[str, dict[str, Any]] = {
        "gradient descent": {"batch_size": None, "lr": 3e-2},
        "one row at a time": {"batch_size": 1, "lr": 3e-4},
    }
    fitted = {
        name: autoencoder(context, 1, MLP((20, 10)), epochs=epochs, optimizer="sgd", **kind).fit(X)
        for name, kind in kinds.items()
    }
    swing = {}
    for name, ae in fitted.items():
        losses = ae.history_["loss"]
        late = losses[len(losses) // 2 :]
        swing[name] = float(np.abs(np.diff(late)).mean() / late.mean())
        context.measure(f"{name}: final loss", losses[-1], "squared units a row")
        context.measure(f"{name}: oscillation", swing[name], "mean change an epoch over mean loss")
        context.measure(f"{name}: seconds", ae.history_["seconds"].sum(), "s")
    context.note(
        "Plain gradient steps in both. One row at a time takes 3e-4; all rows take 100 times that, so that an "
        "epoch moves the weights about as far. Losses are summed over the two features."
    )
    context.state(
        "One row at a time oscillates more than gradient descent.",
        swing["one row at a time"] > swing["gradient descent"],
        **{name.replace(" ", "_"): value for name, value in swing.items()},
    )
    context.draw(
        "descent",
        "Gradient descent against one row at a time",
        f"Against updates gradient descent looks quicker, since each of its updates sees all rows; the mean "
        f"change from epoch to epoch is {swing['one row at a time']:.2%} of the loss for one row at a time and "
        f"{swing['gradient descent']:.2%} for all rows.",
        lambda: several(
            {
                "relative time": lambda ax: _descent(ax, fitted, "relative time"),
                "updates": lambda ax: _descent(ax, fitted, "update"),
            }
        ),
    )


def _descent(ax: Any, fitted: dict[str, Autoencoder], against: str) -> None:
    lines_ = {}
    for name, ae in fitted.items():
        losses = ae.history_["loss"]
        done = np.arange(1, len(losses) + 1)
        seconds = ae.history_["seconds"].cumsum()
        updates = done * (len(ae.history_.steps["loss"]) // len(losses))
        x = seconds / seconds[-1] if against == "relative time" else updates
        lines_[name] = {"loss": losses, against: x}
    plots.loss_curves(lines_, against=against, log=True, ax=ax)
    if against == "update":
        ax.set_xscale("log")


def regularised(context: ExperimentContext) -> None:
    """L1 and L2 of weights and of activations: are activations smaller, are they sparse?"""
    X = points(context)
    kinds: dict[str, Any] = {
        "none": (),
        "L1 of activations": (L1(0.01, on="hidden"),),
        "L2 of activations": (L2(0.01, on="hidden"),),
        "L1 of weights": (WeightL1(0.001),),
        "L2 of weights": (WeightDecay(0.001),),
    }
    hidden = {}
    for name, penalties in kinds.items():
        ae = _fit(context, _NETWORKS["big"], penalties=penalties) if penalties else _model(context, "big")
        with torch.no_grad():
            layers = ae.module_.encoder(torch.from_numpy(X))[1]
        hidden[name] = np.concatenate([a.numpy() for a in layers], axis=1)
        context.measure(f"{name}: mean squared error", mse(X, ae.reconstruct(X)), "squared units a feature")
        context.measure(f"{name}: share of activations below 1e-3", (np.abs(hidden[name]) < 1e-3).mean())
        context.measure(f"{name}: mean magnitude of activations", np.abs(hidden[name]).mean())
    small = _state_regularised(context, hidden)
    context.draw(
        "activations",
        "Activations of the hidden layers",
        f"Share below 1e-3: {small['none']:.0%} without, {small['L1 of activations']:.0%} with L1 and "
        f"{small['L2 of activations']:.0%} with L2 of activations.",
        lambda: plots.activation_histograms(hidden),
    )


def _state_regularised(context: ExperimentContext, hidden: dict[str, Any]) -> dict[str, float]:
    """What is claimed of activations; the share of small ones for each penalty."""
    size = {name: float(np.abs(a).mean()) for name, a in hidden.items()}
    small = {name: float((np.abs(a) < 1e-3).mean()) for name, a in hidden.items()}
    for place in ("activations", "weights"):
        one, two = f"L1 of {place}", f"L2 of {place}"
        context.state(
            f"L1 and L2 of {place} both give smaller activations.",
            max(size[one], size[two]) < size["none"],
            none=size["none"],
            L1=size[one],
            L2=size[two],
        )
        context.state(
            f"L1 of {place} makes activations sparse (more of them below 1e-3 than without, by a tenth or more).",
            small[one] >= small["none"] + 0.1,
            none=small["none"],
            L1=small[one],
        )
        context.state(
            f"L2 of {place} is hardly different from none (mean magnitude within a tenth).",
            abs(size[two] / size["none"] - 1) < 0.1,
            none=size["none"],
            L2=size[two],
        )
    return small


EXPERIMENT = Experiment(
    name="rectangle",
    title="A one-unit bottleneck on a rectangle",
    source="An exercise sheet on the theory of autoencoders: PCA, small and big networks on [-2, 2] x [-1, 1].",
    data="100 uniform points of the rectangle, batches of 8, 1000 epochs, Adam at 1e-3",
    quick="30 epochs, fewer networks",
    sections=(
        Section(
            "compress",
            "Two numbers through one: linear, small, big",
            compress,
            (
                Target(
                    "error of the big model over the linear one",
                    0.5,
                    0.0,
                    unit="ratio; asked by the exercise",
                ),
            ),
        ),
        Section("lines", "What does the decoder make of the latent line?", lines),
        Section("frozen", "A second encoder for a frozen decoder", frozen),
        Section("points", "A curve through all points", through_points),
        Section("descent", "Gradient descent against one row at a time", descent),
        Section("regularised", "Are activations smaller with L1 and L2, and sparse with L1?", regularised),
    ),
)
