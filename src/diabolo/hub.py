"""The old place of :mod:`diabolo.export.hub`, which the cards of models that are on the hub name."""

from .moved import moved

__getattr__ = moved(__name__, dict.fromkeys(("model_card", "pull", "push"), "diabolo.export.hub"))
