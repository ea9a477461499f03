"""Reading gzip into memory that is there already.

``gzip.GzipFile.readinto`` makes a second copy of everything it is asked for and takes twice as long; a volume of
hundreds of megabytes is worth these lines.
"""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

#: No deflate stream becomes longer than this many times its size (zlib's documentation).
LARGEST_EXPANSION = 1032
_INPUT_BYTES = 1 << 20
_OUTPUT_BYTES = 1 << 22
_GZIP_WITH_CHECKSUM = 31


class InflatedStream(io.RawIOBase):
    """The uncompressed bytes of a gzip file of one or several members, forwards only.

    Reading past the last byte compares the checksum.

    Args:
        file: opened for reading bytes, at its start; closed with this stream.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(_GZIP_WITH_CHECKSUM)
        self._input = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def, override]
        """Fill ``buffer`` or a part of it.

        Raises:
            EOFError: the file ends inside a member.
            zlib.error: it is damaged, or its checksum is wrong.
        """
        wanted = min(len(buffer), _OUTPUT_BYTES)
        while True:
            if self._inflate.eof:
                rest = self._inflate.unused_data.lstrip(b"\0") or self._file.read(_INPUT_BYTES).lstrip(b"\0")
                if not rest:
                    return 0
                self._inflate, self._input = zlib.decompressobj(_GZIP_WITH_CHECKSUM), rest
            self._input = self._input or self._file.read(_INPUT_BYTES)
            at_end = not self._input
            # Without input this still gives what the last call had no room for.
            block = self._inflate.decompress(self._input, wanted)
            self._input = self._inflate.unconsumed_tail
            if block:
                buffer[: len(block)] = block
                return len(block)
            if at_end and not self._inflate.eof:
                raise EOFError("the compressed data end too early")

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()
