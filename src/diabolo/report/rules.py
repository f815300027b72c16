"""The ranges of good, doubtful and bad that printed figures are held against, as one table.

Shares are doubtful where less than half is left of what an ideal model has, and bad where less than a tenth is;
an accuracy or a distance is turned into such a share first, as each source says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from .figures import Figures

Severity = Literal["severe", "warning", "note"]
Grade = Literal["good", "doubtful", "bad"]
Read = Callable[[Figures], float | None]


@dataclass(frozen=True)
class Range:
    """What a figure must be to be good, and what is said where it is not; called with figures, it judges them.

    Attributes
    ----------
    kind : str
        The name of the finding.
    figure : str
        The figure in the words of the page.
    read : callable
        Takes it from the figures; None where there is none.
    doubtful, bad : float
        Beyond the first a figure is doubtful, beyond the second bad. Beyond is below where ``bad < doubtful``.
    sentence : str
        What was found: ``{value}`` is the figure, ``{f}`` all figures.
    remedy : str
        What to do, with the settings by name.
    source : str
        Where the two bounds come from.
    severities : callable or tuple of two
        Of a doubtful and of a bad figure; a callable takes the figures.
    """

    kind: str
    figure: str
    read: Read
    doubtful: float
    bad: float
    sentence: str
    remedy: str
    source: str
    severities: tuple[Severity, Severity] | Callable[[Figures], tuple[Severity, Severity]] = (
        "note",
        "warning",
    )

    def grade(self, f: Figures) -> Grade | None:
        """Good, doubtful or bad; None where there is no such figure."""
        value = self.read(f)
        if value is None or not math.isfinite(value):
            return None
        sign = -1 if self.bad < self.doubtful else 1
        if sign * value > sign * self.bad:
            return "bad"
        return "doubtful" if sign * value > sign * self.doubtful else "good"

    def __call__(self, f: Figures) -> tuple[Severity, str] | None:
        """The severity and the sentence of what is not good."""
        grade = self.grade(f)
        if grade in (None, "good"):
            return None
        of = self.severities(f) if callable(self.severities) else self.severities
        said = self.sentence.format(value=self.read(f), f=f)
        return of[grade == "bad"], f"{said}; {self.remedy}."


def _of_samples(name: str) -> Read:
    return lambda f: None if f.generation is None else float(getattr(f.generation, name))


def _least(*names: str) -> Read:
    return lambda f: None if f.generation is None else min(float(getattr(f.generation, n)) for n in names)


def _promise(f: Figures) -> tuple[Severity, Severity]:
    """A model with a prior is made to be drawn from; of another, samples are worth a note."""
    return ("note", "warning") if f.latent and f.latent.prior_distance is not None else ("note", "note")


def _explained(f: Figures) -> float | None:
    return f.errors["model"].explained if "model" in f.errors else None


def _dead_share(f: Figures) -> float | None:
    layers = () if f.latent is None else f.latent.layers
    return max((layer.dead / layer.width for layer in layers), default=None)


def _rank_share(f: Figures) -> float | None:
    """Of the dimensions that could be used: those of the code, or of the data where they are fewer."""
    if f.latent is None or f.latent.kl is not None or f.latent.effective_rank <= 0:
        return None
    return f.latent.effective_rank / max(1, f.pca_components)


def _least_lost(f: Figures) -> float | None:
    """What is explained of the worst column, where columns count alike."""
    if f.units != "standardised" or not f.feature_errors:
        return None
    return min((e.explained for e in f.feature_errors if math.isfinite(e.explained)), default=None)


def _neighbours(f: Figures) -> float | None:
    own = f.neighbourhood.get("model", {})
    found = [own[name] for name in ("trustworthiness", "continuity") if name in own]
    return min(found, default=None)


def _label_share(f: Figures) -> float | None:
    before, after = (f.labels.get(f"accuracy_{name}") for name in ("originals", "reconstructions"))
    return None if before is None or after is None or not before > 0 else after / before


def _warming(f: Figures) -> float | None:
    """The smallest share of its weight that a term had reached in the epoch whose weights were kept."""
    full = {t.name: t.weight for t in f.terms if t.weight > 0}
    reached = [w / full[name] for name, w in f.course.weights.items() if name in full]
    return min(reached, default=None)


_PRINCIPLE = "half and a tenth of what an ideal model has"

#: Every range, in the order of the findings.
RANGES: tuple[Range, ...] = (
    Range(
        "wrong_scale",
        "spread of the samples judged against that of the training samples",
        lambda f: None if f.spread is None else abs(math.log10(f.spread)) if f.spread > 0 else None,
        math.log10(3),
        1.0,
        "the samples judged are on another scale: their columns spread {f.spread:.3g} times as far as those of the "
        "training samples",
        "give both in the same units, as 0 to 1 or 0 to 255",
        "a factor of 3 and of 10 in the median column's standard deviation: units differ by factors, samples do not",
        ("warning", "severe"),
    ),
    Range(
        "outside_range",
        "samples outside the training range",
        lambda f: None if f.outside is None else f.outside / max(1, f.rows["judged"]),
        0.0,
        0.1,
        "{f.outside} of {f.rows[judged]} samples lie outside the training range by more than half of its width",
        "look at them first, they weigh on all figures: leave them out, or train on data that holds such samples",
        "a sample half a width outside is extrapolated to; a tenth of all samples is no accident",
        ("warning", "warning"),
    ),
    Range(
        "one_column_dominates",
        "share of all variance that one column has, in the units trained",
        lambda f: f.dominant[1] if f.dominant is not None and f.n_features > 2 else None,
        0.5,
        0.9,
        "the scale is wrong for the loss: the column {f.dominant[0]} has {value:.0%} of all variance in the units that "
        "were trained, so that the others hardly count",
        'use scaling="standard"',
        "half, and all but a tenth",
    ),
    Range(
        "warm_up_not_ended",
        "share of its weight that a penalty had reached",
        _warming,
        0.999,
        0.5,
        "a penalty had only {value:.0%} of its weight when training ended: its warm-up has not ended",
        "train for more epochs, or shorten the penalty's warmup",
        "a model is judged by the loss that it was trained with",
        ("warning", "warning"),
    ),
    Range(
        "half_dead_layer",
        "share of a hidden layer's units that are dead",
        lambda f: s if (s := _dead_share(f)) is not None and s <= 0.9 else None,
        0.5,
        0.9,
        "{value:.0%} of the units of a hidden layer are dead (zero on more than 99 % of samples)",
        "a narrower layer would do; or use leaky_relu or elu, or a lower learning rate",
        "Lu et al. 2019, arXiv:1903.06733; " + _PRINCIPLE,
    ),
    Range(
        "little_explained",
        "explained",
        lambda f: e if (e := _explained(f)) is not None and e > 0.02 else None,
        0.5,
        0.1,
        "only {value:.0%} of the variance comes back",
        "raise latent__dim (diabolo.report.dimensions shows what each dimension brings)",
        _PRINCIPLE,
    ),
    Range(
        "lost_column",
        "variance explained of the worst column",
        _least_lost,
        0.1,
        -math.inf,
        "the column {f.feature_errors[0].name} is lost: {value:.0%} of its variance comes back",
        "raise latent__dim, or leave the column out if nothing else tells of it",
        "less than a tenth",
        ("note", "note"),
    ),
    Range(
        "unused_dimensions",
        "effective rank, as a share of the dimensions",
        _rank_share,
        0.5,
        0.1,
        "the code uses few of its dimensions: effective rank {f.latent.effective_rank:.2g} of {f.dim}",
        "lower latent__dim, or the weights of the penalties",
        "Roy and Vetterli 2007 (effective rank); " + _PRINCIPLE,
    ),
    Range(
        "scrambled_neighbours",
        "the lower one of trustworthiness and continuity",
        _neighbours,
        0.75,
        0.55,
        "neighbours are not kept: trustworthiness or continuity is {value:.2f}, where 0.5 is a random map",
        "train longer, raise latent__dim, or lower the weights of the penalties",
        "Venna and Kaski 2006, doi:10.1016/j.neunet.2006.05.014: 0.5 at random, 1 at best; half and a tenth of the way",
    ),
    Range(
        "labels_lost",
        "accuracy on reconstructions, as a share of that on originals",
        _label_share,
        0.5,
        -math.inf,
        "reconstructions have lost what tells the labels apart: a classifier is right on {value:.0%} as many of them "
        "as of the originals",
        "raise latent__dim, or train longer",
        "half",
        ("warning", "warning"),
    ),
    Range(
        "off_prior",
        "largest distance to the prior",
        lambda f: max(f.latent.prior_distance) if f.latent and f.latent.prior_distance else None,
        0.2,
        0.31,
        "codes (as drawn in training) are not distributed as their prior: Kolmogorov-Smirnov distance {value:.2f}",
        "raise the weight of the penalty (beta), or draw from a density fitted to the codes",
        "a normal shifted by 0.5 and by 0.8 standard deviations, medium and large effects of Cohen 1988, lies 0.20 and "
        "0.31 away",
    ),
    Range(
        "samples_told_apart",
        "classifier two-sample test",
        _of_samples("c2st"),
        0.75,
        0.95,
        "samples can be told apart from the data: a classifier is right on {value:.0%} (MMD p = "
        "{f.generation.mmd_p:.2g}; codes from {f.generation.source})",
        "for samples, use a recipe with a prior (vae, mmd) and more dimensions; for codes alone it does not matter",
        "Lopez-Paz and Oquab 2017, arXiv:1610.06545: the best accuracy is (1 + total variation) / 2; " + _PRINCIPLE,
        _promise,
    ),
    Range(
        "samples_off_data",
        "the lower one of precision and density of samples",
        _least("precision", "density"),
        0.5,
        0.1,
        "samples lie where no data lie: precision {f.generation.precision:.2f}, density {f.generation.density:.2f}",
        "draw from a density fitted to the codes, or raise beta",
        "Kynkäänniemi et al. 2019, arXiv:1904.06991; Naeem et al. 2020, arXiv:2002.09797; " + _PRINCIPLE,
        _promise,
    ),
    Range(
        "samples_leave_out",
        "the lower one of recall and coverage of samples",
        _least("recall", "coverage"),
        0.5,
        0.1,
        "samples leave out much of the data: recall {f.generation.recall:.2f}, coverage {f.generation.coverage:.2f}",
        "raise latent__dim, or lower beta: a narrow code cannot vary as the data do",
        "Kynkäänniemi et al. 2019, arXiv:1904.06991; Naeem et al. 2020, arXiv:2002.09797; " + _PRINCIPLE,
        _promise,
    ),
)  # fmt: skip

#: What judges each printed figure, by table and (where they differ) by row: names of findings, or why it has no range.
JUDGED_BY: Mapping[tuple[str, str], tuple[str, ...] | str] = {
    ("Reconstruction", ""): (
        "not_better_than_mean", "not_better_than_untrained", "linear_in_disguise", "worse_than_pca", "over_fit",
        "little_explained",
    ),
    ("Loss", ""): ("posterior_collapse", "warm_up_not_ended", "not_finished"),
    ("Worst features", ""): ("lost_column",),
    ("Latent space", "dimensions"): "a choice of the user's; its use is judged by the rows under it",
    ("Latent space", "dead units"): ("dead_bottleneck",),
    ("Latent space", "effective rank"): ("unused_dimensions", "constant_code"),
    ("Latent space", "participation ratio"): "another form of the effective rank, which is judged",
    ("Latent space", "active units"): ("posterior_collapse",),
    ("Latent space", "KL to the prior"): ("posterior_collapse",),
    ("Latent space", "largest distance to the prior"): ("off_prior",),
    ("Hidden layers", ""): ("dead_layers", "half_dead_layer", "narrow_layer"),
    ("Neighbourhood", "trustworthiness"): ("scrambled_neighbours",),
    ("Neighbourhood", "continuity"): ("scrambled_neighbours",),
    ("Neighbourhood", ""): "depends on the data and the number of samples; read it beside PCA's",
    ("Labels", "random forest"): ("labels_lost",),
    ("Labels", ""): "depends on the labels; read it beside PCA's",
    ("Samples", "classifier"): ("samples_told_apart",),
    ("Samples", "MMD"): "a p-value says that samples differ, not how much: it stands with the two-sample test",
    ("Samples", "precision"): ("samples_off_data",),
    ("Samples", "density"): ("samples_off_data",),
    ("Samples", ""): ("samples_leave_out",),
    ("Rows used", ""): ("not_finite", "outside_range", "wrong_scale"),
}  # fmt: skip


def judged_by(table: str, row: str) -> tuple[str, ...] | str | None:
    """What judges a row of a table; None for a figure that nobody has thought of."""
    named = [key for key in JUDGED_BY if key[0] == table and key[1] and row.startswith(key[1])]
    return JUDGED_BY.get(named[0] if named else (table, ""))
