"""The commands, each with what it takes; what they do is in the modules beside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import (
    BROWSER,
    DATA_OPTIONS,
    DEVICE,
    DIM_OPTIONS,
    FIT_OPTIONS,
    FORCE,
    JSON,
    OPEN,
    PLAN_OPTIONS,
    PORT,
    Option,
    flag,
    out_option,
    rows_option,
    takes,
)
from .plotting import KINDS

_WELCOME = """\
diabolo trains, evaluates and applies autoencoders: tables, pictures and arrays in, codes and reconstructions out.

Five commands to start with:
  diabolo fit digits                train on a bundled data set, or on a file of yours: table.csv, images/, data.npy
  diabolo recipes                   which kinds of autoencoder there are, and when to use each
  diabolo encode RUN DATA           rows to codes
  diabolo reconstruct RUN DATA      rows as the model gives them back
  diabolo score RUN DATA            how strange each row is to the model

`diabolo --help` lists all commands, `diabolo COMMAND --help` the options of one.
"""

Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `diabolo fit` left.")]
_DATA = typer.Argument(
    metavar="DATA",
    help="A name or a file (`diabolo datasets` lists both), a folder of pictures, or - for standard input.",
)
Data = Annotated[str, _DATA]
MaybeData = Annotated[str | None, _DATA]
OtherData = Annotated[
    str | None, typer.Argument(metavar="DATA", help="Other data; the held-out rows of the run, unless given.")
]
Codes = Annotated[
    str, typer.Argument(metavar="CODES", help="A file of codes, as `diabolo encode` writes it.")
]

app = typer.Typer(
    help="Build, train, evaluate and apply autoencoders.",
    # Help through rich takes twice as long to appear.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from .. import __version__

        typer.echo(f"diabolo {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def welcome(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(_WELCOME, nl=False)


@app.command()
@takes(
    *PLAN_OPTIONS,
    *FIT_OPTIONS,
    *DATA_OPTIONS,
    flag("signal", "The columns are the samples of a signal, in their order: for convolutions."),
    out_option("The run folder. [default: runs/<data>-<recipe>]", "FOLDER", ()),
    flag(
        "resume",
        "Go on with the run in the folder --out, where it was stopped; with nothing to go on with, begin.",
    ),
    Option("quiet", "No progress and no report: only the folder.", bool, False, flags=("--quiet", "-q")),
    OPEN,
    flag(
        "live",
        "Open a page that shows the losses and the map while it trains, and can pause and stop it; afterwards it is "
        "the explorer of the run, until it is closed.",
    ),
    PORT,
    BROWSER,
)
def fit(data: MaybeData = None, **given: Any) -> None:
    """Train an autoencoder on DATA: leaves a run folder.

    The path of the folder is the last line printed. A finished run is never changed: on the folder of one, this
    says so and leaves with exit code 0. A share of the rows is held out: it is never trained on, and the report
    tests on it. `diabolo fit --resume --out FOLDER` goes on with a run that was stopped.
    """
    from .fit import fit

    fit(data, given)


@app.command()
@takes(rows_option("codes.csv", "; .h5ad: a copy of the data with the codes"), FORCE, *DATA_OPTIONS, DEVICE)
def encode(run: Run, data: Data, **given: Any) -> None:
    """Rows to codes."""
    from .use import encode

    encode(run, data, given)


@app.command()
@takes(rows_option("decoded.csv"), FORCE, *DATA_OPTIONS[:3], DEVICE)
def decode(run: Run, codes: Codes, **given: Any) -> None:
    """Codes to rows, in the units of the data."""
    from .use import decode

    decode(run, codes, given)


@app.command()
@takes(
    rows_option("reconstructed.csv; .npy for several pictures, .png for one"), FORCE, *DATA_OPTIONS, DEVICE
)
def reconstruct(run: Run, data: Data, **given: Any) -> None:
    """Rows as the model gives them back.

    In the units of the data; a single picture works.
    """
    from .use import reconstruct

    reconstruct(run, data, given)


@app.command()
@takes(
    Option("n", "How many rows.", int, 16, metavar="INTEGER", flags=("-n", "--n")),
    Option("seed", "Decides what is drawn.", int, 0, metavar="INTEGER"),
    Option(
        "density", "What codes are drawn from; the prior of the latent space, or a mixture, unless given."
    ),
    flag("noise", "Draw rows from the likelihood of each code, with the spread of the data, not its mean."),
    rows_option("samples.csv; .png for pictures"),
    FORCE,
    DEVICE,
)
def sample(run: Run, **given: Any) -> None:
    """Draw codes and decode them: new rows."""
    from .use import sample

    sample(run, given)


@app.command()
@takes(
    flag("per_feature", "Also the squared error of each feature, in the units of the data."),
    Option(
        "draws",
        "Also the log-likelihood of each row in nats, by so many draws of its code.",
        int,
        metavar="INTEGER",
    ),
    rows_option("scores.csv"),
    FORCE,
    JSON,
    *DATA_OPTIONS,
    DEVICE,
)
def score(run: Run, data: Data, **given: Any) -> None:
    """How strange each row is to the model.

    The reconstruction error: the higher, the stranger.
    """
    from .use import score

    score(run, data, given)


@app.command()
@takes(
    out_option("Also write the report: .html, .json or .txt."),
    FORCE,
    JSON,
    OPEN,
    *DATA_OPTIONS,
    DEVICE,
)
def evaluate(run: Run, data: OtherData = None, **given: Any) -> None:
    """Judge a run on data.

    Against PCA, the untrained network and the mean. Without DATA: on the rows that were held out when it was
    trained.
    """
    from .use import evaluate

    evaluate(run, data, given)


@app.command()
@takes(
    flag("resume", "Go on with the study that the folder holds."),
    Option("jobs", "Processes that stacks of models are shared among.", int, 1, metavar="INTEGER"),
    out_option("The folder. [default: runs/<name of the file>]", "FOLDER", ()),
    OPEN,
)
def study(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file: axes, repeats, data, metrics.")],
    **given: Any,
) -> None:
    """Train many models over axes and repeats.

    Leaves table.parquet, with one row a model, and report.html. A FILE, for example:

    \b
      data: {source: table.csv, id: name, label: kind, categories: [zip]}
      recipe: vae
      set: {training.epochs: 50}
      axes: {latent.dim: [2, 4, 8], training.lr: [0.001, 0.003]}
      repeats: 3
      metrics: [mse, trustworthiness]

    The options of data are those of `diabolo fit`; a name of `diabolo datasets` is data, too.
    """
    from .study import study

    study(file, given)


@app.command()
@takes(
    out_option("The page to write. [default: compare.html]"),
    FORCE,
    JSON,
    OPEN,
)
def compare(
    compared: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Two or more run folders.")],
    **given: Any,
) -> None:
    """Runs side by side: figures, settings that differ, losses, pictures.

    A table on the terminal, and a page that holds everything; the path of the page is the last line printed.
    """
    from .compare import compare

    compare(compared, given)


@app.command()
@takes(
    Option("dims", "The latent dimensions. [default: 1,2,4,8,16,32]", metavar="N,N,..."),
    *PLAN_OPTIONS,
    out_option("Also write the curves: .png or .json."),
    FORCE,
    JSON,
    *DIM_OPTIONS,
    *DATA_OPTIONS,
)
def dimensions(data: MaybeData = None, **given: Any) -> None:
    """How many latent dimensions? Error against dimension, beside PCA.

    One training a dimension; the error is that of held-out rows. The knee is the dimension after which more
    bring little.
    """
    from .dimensions import dimensions

    dimensions(data, given)


@app.command()
@takes(out_option("The file to write: .png, .pdf or .svg. [default: KIND.png]"), FORCE, *DATA_OPTIONS, DEVICE)
def plot(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")],
    run: Run,
    data: OtherData = None,
    **given: Any,
) -> None:
    """Draw one picture of a run."""
    from .plotting import plot

    plot(kind, run, data, given)


@app.command()
@takes(
    Option("data", "What to show; the data of the run, unless given.", metavar="DATA"),
    Option("compare", "A second run, shown beside the first with the same rows.", Path, metavar="RUN"),
    Option(
        "sklearn", "No run: fit this transformer of scikit-learn (pca, nmf, ...) on DATA.", metavar="NAME"
    ),
    Option("latent_dim", "With --sklearn: how many components.", int, 2, metavar="INTEGER"),
    PORT,
    BROWSER,
    *DATA_OPTIONS,
)
def explore(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="The folder that `diabolo fit` left; with --sklearn, the data."),
    ],
    **given: Any,
) -> None:
    """Move through the latent space of a run in the browser, and see what it decodes to."""
    from .explore import explore

    explore(run, given)


@app.command()
@takes(JSON)
def info(run: Run, **given: Any) -> None:
    """What is in a run: its parts, its data, how it was trained."""
    from .show import info

    info(run, given["json"])


@app.command()
def recipes(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="One recipe: what it is, and every setting by its path."),
    ] = None,
) -> None:
    """The kinds of autoencoder there are, and when to use each."""
    from .show import recipe, recipes

    recipes() if name is None else recipe(name)


@app.command()
@takes(
    flag("list", "Which experiments there are."),
    flag("quick", "Small data and few epochs: within a minute, no download."),
    Option(
        "seeds", "Runs of each part that has published numbers; their mean is compared.", int, 1, "INTEGER"
    ),
    Option("section", "Only this part; repeat it for more.", list[str], metavar="NAME"),
    Option("reference", "A saved model for neuromatch-3 to start from.", Path, metavar="FOLDER"),
    out_option("The run folder. [default: runs/NAME]", "FOLDER"),
    OPEN,
)
def reproduce(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="An experiment; --list tells which there are.")
    ] = None,
    **given: Any,
) -> None:
    """Run a published experiment: published, obtained and within, beside each figure."""
    from .reproduce import reproduce

    reproduce(name, given)


@app.command()
@takes(JSON, *DATA_OPTIONS)
def describe(data: Data, **given: Any) -> None:
    """The columns of a table, before anything is learnt from them.

    Kinds, missing values, ranges, what is constant, the same twice, or looks like an id or a label.
    """
    from .show import describe

    describe(data, given)


@app.command()
def datasets() -> None:
    """The data sets that have a name."""
    from .show import datasets

    datasets()


@app.command()
def doctor() -> None:
    """Versions, device, threads, and what is missing."""
    from .show import doctor

    doctor()
