"""A Parquet file that grows while others read it: always complete under its name, in memory only a few rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..atomic import replacing

#: Rows that are held in memory, and rows of one row group in the published file.
ROWS_IN_MEMORY = 2_000
ROWS_IN_GROUP = 20_000


class GrowingTable:
    """Rows are appended to a scratch file; ``publish`` puts all of them under the table's name.

    Publishing copies the whole table, a row group at a time: who calls it must leave time between the calls that
    grows with the table.

    Args:
        path: of the published file; one that is there already stays until the first ``publish``, which replaces it.
        schema: of the rows.
        scratch: an existing folder on the same disk for rows that are not published.
    """

    def __init__(self, path: Path, schema: pa.Schema, scratch: Path) -> None:
        self.path = path
        self._schema = schema
        self._scratch = scratch
        self._rows: list[Mapping[str, Any]] = []
        self._parts: list[Path] = []
        self._number_of_parts = 0
        self._writer: pq.ParquetWriter | None = None
        self._is_published = False

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows; a column that a row lacks is null there, and what is no column is refused.

        Raises:
            ValueError: a row has a field that is no column, or a value of the wrong type.
            OSError: the disk is full.
        """
        for row in rows:
            unknown = row.keys() - set(self._schema.names)
            if unknown:
                raise ValueError(f"{self.path.name} has no columns {sorted(unknown)}")
            self._rows.append(row)
            if len(self._rows) >= ROWS_IN_MEMORY:
                self._flush()

    def publish(self) -> None:
        """Replace the file under the table's name by one with all rows so far.

        Raises:
            OSError: the disk is full, or (on Windows) a program holds the published file open. Nothing is lost: the
                next call publishes.
        """
        self._flush()
        self._end_part()
        sources = [self.path, *self._parts] if self._is_published else self._parts
        with replacing(self.path) as file, pq.ParquetWriter(file, self._schema) as writer:
            for group in _grouped(sources, self._schema):
                writer.write_table(group)
        self._is_published = True
        for part in self._parts:
            part.unlink()
        self._parts = []

    def close(self) -> None:
        """Let go of scratch files."""
        self._end_part()

    def _flush(self) -> None:
        if not self._rows:
            return
        if self._writer is None:
            self._number_of_parts += 1
            part = self._scratch / f"{self.path.name}.{self._number_of_parts}"
            self._writer = pq.ParquetWriter(part, self._schema)
            self._parts.append(part)
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def _end_part(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _grouped(sources: Iterable[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of several files in order, in tables of ``ROWS_IN_GROUP`` rows."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for source in sources:
        with pq.ParquetFile(source) as file:
            for batch in file.iter_batches(batch_size=ROWS_IN_GROUP):
                waiting.append(batch)
                count += batch.num_rows
                if count >= ROWS_IN_GROUP:
                    whole = pa.Table.from_batches(waiting, schema)
                    yield whole.slice(0, ROWS_IN_GROUP)
                    rest = whole.slice(ROWS_IN_GROUP)
                    waiting, count = rest.to_batches(), rest.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting, schema)
