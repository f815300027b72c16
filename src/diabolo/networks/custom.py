"""Networks of the user's own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import SettingError
from ..parts import part, setting, settings
from .base import BuildContext, Network

if TYPE_CHECKING:
    import torch
    from torch import nn

UNSAVED = (
    "modules of your own cannot be described in a file; load their weights with "
    "diabolo.load(path, modules=(encoder, decoder)), which takes the modules from you."
)

_MARK = "custom"


@part
class Custom(Network):
    """A module of your own for the encoder, the decoder, or both.

    A module maps flat rows (batch, n_in) to (batch, n_out), where an encoder's n_out is the latent space's
    ``encoder_width``; it may also return ``(output, hidden)`` with a tuple of the activations that penalties
    on hidden layers look at. Each fit works on copies: it starts from the weights that the modules have, and
    leaves them as they are. Weights that the two modules share are not shared by the copies.

    Parameters
    ----------
    encoder, decoder : torch.nn.Module or None
        With both, ``Autoencoder(encoder=Custom(mine, yours))`` needs no decoder beside. A side of None is not
        provided.

    Raises
    ------
    SettingError
        If neither is given, or one is no module; at build, if it does not map rows of the width it gets to
        rows of the width that is expected.

    Notes
    -----
    Two are equal if they hold the very same modules. Modules are in training mode in ``fit`` and in evaluation
    mode everywhere else; what they keep beside parameters, such as the running means of batch normalisation, is
    learnt, saved and pickled with the model. Dropout draws from PyTorch's own generator: ``torch.manual_seed``
    decides it, ``random_state`` does not. A saved model holds no code: :func:`diabolo.load` takes the modules
    from you.

    Examples
    --------
    >>> from torch import nn
    >>> Custom(nn.Linear(64, 2), nn.Sequential(nn.Linear(2, 64), nn.Sigmoid()))
    Custom(encoder=Linear(...), decoder=Sequential(...))
    """

    stackable: ClassVar[bool] = False

    encoder: object = setting(default=None, doc="Module from rows to the latent space's input.")
    decoder: object = setting(default=None, doc="Module from codes to rows.")

    @classmethod
    def examples(cls) -> tuple[Custom, ...]:
        from torch import nn

        return (cls(nn.Linear(16, 2), nn.Linear(2, 16)),)

    def __post_init__(self) -> None:
        # Modules are no numbers or strings; check() knows their type without importing torch.
        self.check()

    def check(self) -> None:
        if self.encoder is None and self.decoder is None:
            raise SettingError("Custom needs a module for one side at least: Custom(encoder, decoder).")
        torch = sys.modules.get("torch")
        for name, module in self.values().items():
            if module is not None and (torch is None or not isinstance(module, torch.nn.Module)):
                hint = "; give an instance, not the class" if isinstance(module, type) else ""
                raise SettingError(f"Custom: {name} must be a torch.nn.Module, got {module!r}{hint}.")

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in settings(type(self))}
        given = [f"{name}={type(m).__name__}(...)" for name, m in shown.items() if m is not None]
        return f"Custom({', '.join(given)})"

    def marked(self) -> dict[str, str | None]:
        """What a file says in its place: the classes of its modules, for a person to read."""
        shown = {name: None if m is None else type(m).__name__ for name, m in self.values().items()}
        return {"kind": _MARK, **shown}

    @staticmethod
    def is_marked(plain: object) -> bool:
        """Whether a plain value from a file stands for modules of the user's own."""
        return isinstance(plain, Mapping) and plain.get("kind") == _MARK

    @classmethod
    def from_mark(cls, plain: Mapping[str, Any], modules: tuple[Any, Any]) -> Custom:
        """The part that a file has a mark of, with the modules (encoder, decoder) that the user gives.

        Parameters
        ----------
        plain : mapping
            What :meth:`marked` gave.
        modules : pair of torch.nn.Module or None
            Encoder and decoder.
        """
        sides = zip(("encoder", "decoder"), modules, strict=True)
        return cls(**{name: module for name, module in sides if plain.get(name) is not None})

    def mirrored(self) -> Custom:
        if self.decoder is None:
            raise SettingError(
                f"{self!r} has no decoder; give both modules, Custom(encoder, decoder), or a decoder beside."
            )
        return self

    def build(self, io: BuildContext, generator: torch.Generator) -> nn.Module:
        from .wrapper import wrap

        module: nn.Module | None = getattr(self, io.role)
        if module is None:
            raise SettingError(f"{self!r} has no {io.role}; give Custom({io.role}=module).")
        return wrap(module, io)
