"""The first parameters of many models of one shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..data.rng import generator
from ..model import Model
from ..networks.modules import Startable
from ..training.fitted import build_model, count_parameters
from ..training.flat import Layout
from ..training.job import TrainingJob


class Start:
    """Draws what models of one shape start with; modules are built once, since that takes as long as many steps.

    Parameters
    ----------
    member : TrainingJob
        Any of those models.

    Attributes
    ----------
    n_parameters : int
    widths : int
        Sum of the widths of the layers.
    """

    def __init__(self, member: TrainingJob) -> None:
        model = Model(member.parts, member.domain, generator(member.seed, "weights"))
        layout = Layout.of(model)
        self._flat = layout.flatten(model)
        layout.bind(model, self._flat)
        self._model = model
        self.n_parameters = count_parameters(model)
        self.widths = sum(p.shape[-1] for p in model.parameters() if p.dim())

    def flat(self, member: TrainingJob) -> NDArray[np.floating]:
        """The first parameters of a member, of its precision."""
        encoder, decoder = self._model.encoder, self._model.decoder
        # A network that cannot start again serves one member only, and has just been drawn for it.
        if isinstance(encoder, Startable) and isinstance(decoder, Startable):
            source = generator(member.seed, "weights")
            encoder.start(source)
            decoder.start(source)
            for name, module in self._model.built(member.parts, source):
                self._model.components[name].load_state_dict(module.state_dict())
        flat = self._flat.to(member.data.inputs.dtype, copy=True)
        if member.starts_from_data:
            member.initialise(build_model(member.parts, member.domain, flat))
        return flat.numpy()
