"""A Parquet file that grows while it is read."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from UMambaXAILogic.engine.cohort import growing_table
from UMambaXAILogic.engine.cohort.growing_table import GrowingTable

SCHEMA = pa.schema([("number", pa.int64()), ("text", pa.string())])


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setattr(growing_table, "ROWS_IN_MEMORY", 3)
    monkeypatch.setattr(growing_table, "ROWS_IN_GROUP", 10)
    (tmp_path / "scratch").mkdir()
    table = GrowingTable(tmp_path / "t.parquet", SCHEMA, tmp_path / "scratch")
    yield table
    table.close()


def rows(first: int, last: int) -> list[dict]:
    return [{"number": number, "text": f"row {number}"} for number in range(first, last)]


def test_what_is_published_is_everything_in_order_whenever_it_is_read(table, tmp_path):
    told = 0
    for step in (1, 0, 2, 14, 3, 30, 1):
        table.append(iter(rows(told, told + step)))
        told += step
        table.publish()
        assert pq.read_table(table.path).to_pylist() == rows(0, told)
    assert list((tmp_path / "scratch").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["t.parquet"]


def test_row_groups_stay_few_however_often_it_is_published(table):
    for number in range(45):
        table.append(rows(number, number + 1))
        table.publish()
    groups = pq.ParquetFile(table.path).metadata
    assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == [10, 10, 10, 10, 5]


def test_an_older_file_is_readable_until_it_is_replaced_as_a_whole(table):
    pq.write_table(pa.Table.from_pylist(rows(100, 200), SCHEMA), table.path)
    table.append(rows(0, 20))
    assert pq.read_table(table.path).num_rows == 100
    table.publish()
    assert pq.read_table(table.path).to_pylist() == rows(0, 20)


def test_a_reader_keeps_the_table_it_opened(table):
    table.append(rows(0, 20))
    table.publish()
    with pq.ParquetFile(table.path) as reader:
        table.append(rows(20, 40))
        table.publish()
        assert reader.read().num_rows == 20


def test_a_publication_that_fails_loses_nothing(table, monkeypatch):
    table.append(rows(0, 5))
    table.publish()
    table.append(rows(5, 9))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.replace", full)
        with pytest.raises(OSError, match="No space"):
            table.publish()
    assert pq.read_table(table.path).to_pylist() == rows(0, 5)
    table.append(rows(9, 12))
    table.publish()
    assert pq.read_table(table.path).to_pylist() == rows(0, 12)


def test_missing_fields_are_null_and_unknown_ones_refused(table):
    table.append([{"number": 1}])
    table.publish()
    assert pq.read_table(table.path).to_pylist() == [{"number": 1, "text": None}]
    with pytest.raises(ValueError, match="colour"):
        table.append([{"number": 2, "colour": "red"}])


def test_a_table_without_rows_has_its_columns(table):
    table.publish()
    assert pq.read_table(table.path).schema.equals(SCHEMA)


def test_memory_holds_a_few_rows_only(table):
    table.append(rows(0, 1000))
    assert len(table._rows) < 3
