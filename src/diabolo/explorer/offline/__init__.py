"""The explorer as one file, which opens from disk with no server; read :mod:`~diabolo.explorer.offline.page` first."""
