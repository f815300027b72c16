"""Runs: what ``diabolo fit`` leaves, how its rows were parted, who trained it, and how it goes on.

Read :mod:`~diabolo.runs.folder` first. Nothing slow is imported until a run is trained or read.
"""
