"""How long the threads of torch's own pool keep a core busy when they have nothing to do.

Between two parallel regions OpenMP's threads spin rather than sleep, so that the next region starts at once: for some
milliseconds with GNU's library (Linux), by default 200 with Intel's and LLVM's (Windows, macOS; not measured). The
compiled kernels run on threads of their own right after torch's, and on as many cores: each such call lost 2 to 4 ms
to a thread that waited for nothing. A fifteenth of the turns is enough to bridge the gaps within torch's work; sleeping
at once, as ``OMP_WAIT_POLICY=PASSIVE`` has it, makes small operations of torch three times as slow.
"""

from __future__ import annotations

import os

#: What decides it, by library. GNU counts turns of the loop (300,000 by default), the others milliseconds.
_SHORT_WAIT = {"GOMP_SPINCOUNT": "20000", "KMP_BLOCKTIME": "1"}


def let_idle_threads_sleep() -> None:
    """Shorten the wait in this process and its children, unless the user has chosen one.

    The libraries read it when torch is imported: whoever owns the process calls this before.
    """
    if not {"OMP_WAIT_POLICY", *_SHORT_WAIT} & os.environ.keys():
        os.environ.update(_SHORT_WAIT)
