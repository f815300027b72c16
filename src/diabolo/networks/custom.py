"""Networks of the user's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..errors import SettingError
from ..parts import Unstackable, part, setting, settings
from .base import Network, Socket

if TYPE_CHECKING:
    import torch
    from torch import nn

UNSAVED = (
    "modules of your own cannot be described in a file; load their weights with "
    "diabolo.load(path, modules=(encoder, decoder)), which takes the modules from you."
)


@part
class Custom(Network, Unstackable):
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
    Two are equal if they hold the very same modules.

    Examples
    --------
    >>> from torch import nn
    >>> Custom(nn.Linear(64, 2), nn.Sequential(nn.Linear(2, 64), nn.Sigmoid()))
    Custom(encoder=Linear(...), decoder=Sequential(...))
    """

    encoder: object = setting(default=None, doc="Module from rows to the latent space's input.")
    decoder: object = setting(default=None, doc="Module from codes to rows.")

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

    def mirrored(self) -> Custom:
        if self.decoder is None:
            raise SettingError(
                f"{self!r} has no decoder; give both modules, Custom(encoder, decoder), or a decoder beside."
            )
        return self

    def build(self, socket: Socket, generator: torch.Generator) -> nn.Module:
        from .wrapper import wrap

        module: nn.Module | None = getattr(self, socket.role)
        if module is None:
            raise SettingError(f"{self!r} has no {socket.role}; give Custom({socket.role}=module).")
        return wrap(module, socket)
