"""Standard input and output as private channels of a process that answers in messages."""

from __future__ import annotations

import os


def claim_standard_streams() -> tuple[int, int]:
    """Take standard input and output away from everything else in this process.

    Descriptor 1 becomes standard error, so that whatever a library prints lands in the log; descriptor 0 becomes
    empty, so that no library and no child process waits on it (on Windows a thread that reads descriptor 0 blocks
    the loading of DLLs).

    Returns:
        Private, non-inheritable descriptors of the original input and output.
    """
    own_input, own_output = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    return own_input, own_output
