"""Options as values. Those that set a part are made from the parts' own declarations."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from ..datasets.formats import OPTIONS
from ..parts import Part, Setting, settings
from ..slots import SLOTS
from ..training.settings import Training

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes
    ----------
    name : str
        The keyword that the command gets; ``--`` and dashes make it the option.
    help : str
        One sentence.
    kind : type
        What its text is turned into.
    default : object
        Where it is not given.
    metavar : str or None
        What stands for its value in the help.
    path : str
        The setting that it changes, such as ``training.lr``; empty if it is none.
    optional : bool
        Whether the text "none" stands for None.
    flags : tuple of str
        How it is typed, where the name does not say it.
    """

    name: str
    help: str
    kind: Any = str
    default: Any = None
    metavar: str | None = None
    path: str = ""
    optional: bool = False
    flags: tuple[str, ...] = ()

    def parameter(self) -> inspect.Parameter:
        """The option as a keyword of a command, as Typer reads it."""
        flag = "--" + self.name.replace("_", "-")
        pair = self.kind is bool and self.default is None
        flags = self.flags or ((f"{flag}/--no-{flag[2:]}",) if pair else (flag,))
        declared = typer.Option(
            *flags,
            help=self.help,
            metavar=self.metavar or ("NAME" if self.kind is str else None),
            show_default=self.default not in (None, False),
        )
        kind = self.kind if self.default is not None else self.kind | None
        return inspect.Parameter(
            self.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=self.default,
            annotation=Annotated[kind, declared],
        )


def takes(*options: Option) -> Callable[[F], F]:
    """Decorator of a command that gets these options as its ``**`` keywords."""

    def decorate(command: F) -> F:
        own = inspect.signature(command, eval_str=True).parameters.values()
        named = [p for p in own if p.kind is not inspect.Parameter.VAR_KEYWORD]
        given = [*named, *(option.parameter() for option in options)]
        command.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]
        return command

    return decorate


_METAVARS = {int: "INTEGER", float: "NUMBER", str: "NAME"}


def _of_setting(owner: type[Part], prefix: str, name: str, spec: Setting) -> Option:
    """The option of one setting of a part: its help, its bounds and its names come from the declaration."""
    hint = typing.get_type_hints(owner)[name]
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    words = spec.doc
    if spec.family is not None and len(spec.family) > 1:
        words += f" One of {', '.join(spec.family)}."
    elif spec.choices is not None:
        words += f" One of {', '.join(spec.choices)}."
    elif spec.bounds:
        words += f" [{spec.bounds}]"
    is_flag = kinds[0] is bool or (spec.family is not None and len(spec.family) == 1)
    return Option(
        name=f"{prefix}_{name}" if prefix != "training" else name,
        help=words,
        kind=bool if is_flag else str,
        metavar=None if is_flag else _METAVARS.get(kinds[0], "NAME"),
        path=f"{prefix}.{name}",
        optional=type(None) in kinds,
    )


def _of_slots() -> list[Option]:
    """An option that names the part of each parameter, and one for each setting of a code."""
    made = []
    for slot_name, slot in SLOTS.items():
        if slot_name == "training":
            continue
        words = f"{slot.doc} {'Any' if slot.many else 'One'} of {', '.join(slot.family)}."
        metavar = "NAME,..." if slot.many else "NAME"
        made.append(Option(slot_name, words, metavar=metavar, path=slot_name, optional=slot.many))
        if slot_name == "latent":
            owner = type(slot.default)
            declared = settings(owner).items()
            made += [_of_setting(owner, "latent", name, spec) for name, spec in declared]
    return made


DEVICE = Option("device", "Where to compute: auto, cpu, cuda or mps.", metavar="NAME", path="device")
SETTING_OPTIONS: tuple[Option, ...] = (
    *_of_slots(),
    *(_of_setting(Training, "training", n, s) for n, s in settings(Training).items() if not s.local),
    Option(
        "seed",
        "Decides the first weights, the order of rows and all noise. [default: 0]",
        metavar="INTEGER",
        path="random_state",
    ),
    DEVICE,
)
PATHS = {option.name: option.path for option in SETTING_OPTIONS}

_WHOLE = ("window", "step", "depth")
DATA_OPTIONS: tuple[Option, ...] = tuple(
    Option(name, words, int if name in _WHOLE else str, metavar=metavar)
    for name, (metavar, words) in OPTIONS.items()
)
FORCE = Option("force", "Write over a file that exists.", bool, False, flags=("--force", "-f"))
HOLD_OUT = Option(
    "hold_out",
    "Share of the rows that is kept to test on and never trained on; 0: test on the training rows; test: the "
    "published test split. [default: test where there is one, else 0.1]",
    metavar="SHARE|test",
)
#: Who takes the training steps, and on how many devices; see :mod:`diabolo.runs.trainers`.
TRAINER_OPTIONS: tuple[Option, ...] = (
    Option(
        "trainer",
        "Who takes the training steps: diabolo, or lightning, for several devices or machines and for --precision "
        "16-mixed, bf16-mixed, bf16-true. [default: diabolo]",
    ),
    Option(
        "devices", "Devices of each machine; with --trainer lightning. [default: 1]", int, metavar="INTEGER"
    ),
    Option("strategy", "How devices work together, as Lightning names it. [default: ddp]"),
    Option("num_nodes", "Machines; start the command on each. [default: 1]", int, metavar="INTEGER"),
    Option("gather", "Penalties of a whole batch see the rows of all devices.", bool),
)
FIT_OPTIONS: tuple[Option, ...] = (*SETTING_OPTIONS, *TRAINER_OPTIONS, HOLD_OUT)
#: Of a study of latent dimensions, which sets that one itself.
DIM_OPTIONS: tuple[Option, ...] = (*(o for o in SETTING_OPTIONS if o.name != "latent_dim"), HOLD_OUT)
OPEN = Option("open", "Open the report in the browser.", bool, False)
PORT = Option("port", "The port on this machine; 0 takes any free one.", int, 0, metavar="INTEGER")
BROWSER = Option("browser", "Open the page; its address is printed in any case.", bool)
JSON = Option("json", "Print JSON, for programs.", bool, False)
#: Which autoencoder: a recipe, and what is changed of it.
PLAN_OPTIONS = (
    Option("recipe", "The kind of autoencoder; `diabolo recipes` lists them. [default: deep]"),
    Option("config", "A YAML file of the same settings; options overrule it.", Path, metavar="FILE"),
    Option(
        "set",
        "Any setting of any part, such as training.lr=0.003 or penalties.kl.weight=4; repeat it for more. "
        "`diabolo recipes NAME` lists the paths.",
        list[str],
        metavar="PATH=VALUE",
    ),
)


def out_option(words: str, metavar: str = "FILE", flags: tuple[str, ...] = ("--out", "-o")) -> Option:
    """Where a command writes."""
    return Option("out", words, Path, metavar=metavar, flags=flags)


def rows_option(default: str, more: str = "") -> Option:
    """Where a command writes its rows; the suffix says the format."""
    return out_option(f"The file to write: .csv, .parquet, .npy or .png{more}. [default: {default}]")


def flag(name: str, words: str) -> Option:
    """An option that is on where it is typed."""
    return Option(name, words, bool, False)
