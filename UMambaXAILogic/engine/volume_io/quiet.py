"""The format libraries below SimpleITK write to descriptor 2; a user gets one paragraph from us instead."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import SimpleITK as sitk

_log = logging.getLogger(__name__)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep C and C++ libraries from writing to standard error; what they said goes to the debug log.

    Descriptor 2 belongs to the whole process: text that other threads write meanwhile goes to the debug log too.
    """
    warnings_shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    with tempfile.TemporaryFile() as said:
        try:
            standard_error = os.dup(2)
        except OSError:  # started without one
            standard_error = None
        try:
            if standard_error is not None:
                os.dup2(said.fileno(), 2)
            yield
        finally:
            if standard_error is not None:
                os.dup2(standard_error, 2)
                os.close(standard_error)
            sitk.ProcessObject.SetGlobalWarningDisplay(warnings_shown)
            said.seek(0)
            if text := said.read(10_000).decode(errors="replace").strip():
                _log.debug("%s", text)
