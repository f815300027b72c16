"""The parameters of the estimator that are parts: their families, their defaults, and paths into them.

A path such as ``training__lr`` or ``penalties__mmd__weight`` works whether a parameter was given or left to
its default. It imports neither PyTorch nor scikit-learn: the command line makes its options from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .bounds import BOUNDS, ELBO
from .corruption import CORRUPTIONS
from .errors import SettingError, UnknownNameError
from .latent import LATENT_SPACES, Euclidean
from .likelihoods import LIKELIHOODS, SquaredError
from .networks import MLP, NETWORKS, Mirror
from .parts import Family, Part, get_path, set_path, settings
from .penalties import KL, PENALTIES
from .training.settings import GENERAL, TRAININGS


@dataclass(frozen=True)
class Slot:
    """A parameter of the estimator that holds a part, or several.

    Attributes
    ----------
    family : Family
        What may be put in it.
    default : Part or tuple of Part
        What None stands for; the penalties' default depends on the latent space.
    many : bool
        Whether it takes a tuple.
    doc : str
        One sentence.
    varies : bool
        Whether models that train as one stack may differ in it altogether.
    """

    family: Family[Any]
    default: Any
    many: bool
    doc: str
    varies: bool = False


SLOTS: dict[str, Slot] = {
    "latent": Slot(LATENT_SPACES, Euclidean(2), False, "Where codes live."),
    "encoder": Slot(NETWORKS, MLP(activation="silu", skip="pca"), False, "From rows to codes."),
    "decoder": Slot(NETWORKS, Mirror(), False, "From codes to rows; mirrors the encoder unless given."),
    "reconstruction": Slot(LIKELIHOODS, SquaredError(), False, "How far the output is from the target."),
    "penalties": Slot(PENALTIES, (), True, "What is added to the loss."),
    "bound": Slot(BOUNDS, ELBO(), False, "How draws of the code make one loss."),
    "corruption": Slot(CORRUPTIONS, (), True, "What is done to the input before it is encoded.", True),
    "training": Slot(TRAININGS, GENERAL, False, "How it is trained."),
}


def may_vary(path: str) -> bool:
    """Whether models that train as one stack may differ in the setting at a path.

    Examples
    --------
    >>> [may_vary(p) for p in ("training__lr", "penalties__kl__weight", "corruption", "latent__dim")]
    [True, True, True, False]
    """
    name, *rest = path.split("__")
    slot = SLOTS.get(name)
    if slot is None or slot.varies:
        return slot is not None
    heads = rest[slot.many : slot.many + 1]
    return any(
        settings(cls)[head].varies for cls in slot.family.values() for head in heads if head in settings(cls)
    )


@dataclass(frozen=True)
class Deferred:
    """A parameter that got a value it cannot take: ``fit`` raises the error, as scikit-learn expects."""

    before: Any
    path: str
    value: Any
    error: SettingError

    def __sklearn_clone__(self) -> Deferred:
        return self


def resolve(name: str, value: Any, latent: Any = None) -> Any:
    """The part, or tuple of parts, that a parameter's value stands for.

    Parameters
    ----------
    name : str
        A key of :data:`SLOTS`.
    value : object
        A part, a name, a dict, a shorthand, None; for penalties and corruption also a sequence of these.
    latent : LatentSpace or None
        Decides the default penalties: the KL divergence for a space that draws its codes.

    Raises
    ------
    SettingError
        If the value cannot be understood.
    """
    slot = SLOTS[name]
    if isinstance(value, Deferred):
        raise value.error
    if value is None:
        drawn = name == "penalties" and latent is not None and latent.noise()
        return (KL(),) if drawn else slot.default
    if not slot.many:
        return slot.family.resolve(value, name)
    items = value if isinstance(value, list | tuple) else (value,)
    return tuple(slot.family.resolve(item, name) for item in items)


def deep_items(name: str, value: Any, latent: Any) -> Iterator[tuple[str, Any]]:
    """Every path into a parameter with its setting, as ``get_params(deep=True)`` lists them."""
    if isinstance(value, Deferred):
        yield from (
            (path, value.value if path == value.path else item)
            for path, item in deep_items(name, value.before, latent)
        )
        return
    try:
        resolved = resolve(name, value, latent)
    except SettingError:
        return
    if not SLOTS[name].many:
        yield from _items(name, resolved)
        return
    for kind, part in SLOTS[name].family.named(resolved).items():
        yield f"{name}__{kind}", part
        yield from _items(f"{name}__{kind}", part)


def _items(prefix: str, part: Part) -> Iterator[tuple[str, Any]]:
    for name in settings(type(part)):
        item = getattr(part, name)
        yield f"{prefix}__{name}", item
        if isinstance(item, Part):
            yield from _items(f"{prefix}__{name}", item)


def change(name: str, value: Any, path: str, new: Any, latent: Any = None) -> Any:
    """The parameter's value with the setting at a path changed.

    A value that is left as it was is returned as it was given: ``None`` stays ``None``, so that a decoder
    goes on mirroring its encoder. An impossible new value gives a :class:`Deferred`, which a possible one at
    the same path takes away again.

    Raises
    ------
    UnknownNameError
        If there is no such setting.
    """
    full = f"{name}__{path}"
    if isinstance(value, Deferred):
        if full == value.path and new is value.value:
            return value
        changed = change(name, value.before, path, new, latent)
        return changed if full == value.path else dataclasses.replace(value, before=changed)
    try:
        old = resolve(name, value, latent)
    except SettingError as error:
        return Deferred(value, full, new, error)
    _require_path(name, old, path)
    try:
        updated = _updated(name, old, path, new)
    except SettingError as error:
        return Deferred(value, full, new, error)
    return value if updated == old else updated


def _require_path(name: str, old: Any, path: str) -> None:
    """Raise an UnknownNameError if there is no such setting; whether it can take a value is not asked here."""
    if SLOTS[name].many:
        named = SLOTS[name].family.named(old)
        kind, _, rest = path.partition("__")
        if kind not in named and kind in SLOTS[name].family:
            error = UnknownNameError(f"{SLOTS[name].family.kind} of this estimator", kind, named)
            error.args = (_how_to_add(name, kind, list(named)),)
            raise error
        if kind not in named and len(named) != 1:
            raise UnknownNameError(f"{SLOTS[name].family.kind} of this estimator", kind, named)
        old, path = (named[kind], rest) if kind in named else (old[0], path)
    while path and isinstance(old, Part):
        head, _, path = path.partition("__")
        old = get_path(old, head)


def _how_to_add(name: str, kind: str, present: list[str]) -> str:
    """What to do where a setting of a part is changed that the estimator has not got."""
    family = SLOTS[name].family.kind
    return (
        f"this estimator has no {family} {kind!r} (it has {', '.join(present) or 'none'}), so that its settings cannot "
        f"be changed; add it first: {name}={[*present, kind]!r}, or --{name} {','.join([*present, kind])}."
    )


def _updated(name: str, old: Any, path: str, new: Any) -> Any:
    slot = SLOTS[name]
    if not slot.many:
        return set_path(old, path, new)
    named = slot.family.named(old)
    kind, _, rest = path.partition("__")
    if kind not in named:  # the path is known to lead somewhere: into the only one
        return (set_path(old[0], path, new),)
    named[kind] = set_path(named[kind], rest, new) if rest else slot.family.resolve(new, name)
    return tuple(named.values())


def to_json(name: str, value: Any) -> Any:
    """A parameter as plain values that JSON can hold; None stays None."""
    slot = SLOTS[name]
    if value is None:
        return None
    resolved = resolve(name, value)
    if slot.many:
        return [slot.family.to_dict(part) for part in resolved]
    return slot.family.to_dict(resolved)


def from_json(name: str, plain: Any) -> Any:
    """A parameter from what :func:`to_json` gave.

    Raises
    ------
    SettingError
        If the plain value names an unknown part or setting, or is of another form.
    """
    slot = SLOTS[name]
    if plain is None:
        return None
    if slot.many:
        if not isinstance(plain, list) or not all(isinstance(item, Mapping) for item in plain):
            raise SettingError(f"{name} must be a list of objects, got {plain!r}.")
        return tuple(slot.family.from_dict(item) for item in plain)
    if not isinstance(plain, Mapping):
        raise SettingError(f"{name} must be an object, got {plain!r}.")
    return slot.family.from_dict(plain)
