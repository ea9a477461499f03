"""What Dask runs first in a worker of this machine: Ctrl-C is for the launcher, which tells its workers what to do."""

from __future__ import annotations

import signal


def dask_setup(worker: object) -> None:
    """Called by Dask in the worker's main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
