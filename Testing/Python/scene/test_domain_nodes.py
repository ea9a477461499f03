"""Domain statistics as table and chart nodes, with real MRML."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from UMambaXAILogic.engine.domain import DIAMETER, HOUNSFIELD, SIGNED_OCTAVES, DomainRow, Histogram
from UMambaXAILogic.scene.domain_plots import add_diameter_histogram, add_intensity_histogram, shares
from UMambaXAILogic.scene.domain_tables import add_domain_table
from UMambaXAILogic.scene.domain_values import domain_values


def rows_of(node) -> dict[str, list[str]]:
    columns = range(1, node.GetNumberOfColumns())
    return {
        node.GetCellText(row, 0): [node.GetCellText(row, column) for column in columns]
        for row in range(node.GetNumberOfRows())
    }


def headers(node) -> list[str]:
    return [node.GetColumnTitle(node.GetColumnName(column)) for column in range(node.GetNumberOfColumns())]


def column(node, name: str) -> np.ndarray:
    values = node.GetTable().GetColumnByName(name)
    return np.array([values.GetValue(row) for row in range(node.GetNumberOfRows())])


def comparison(**positions) -> dict:
    return {
        "profile": "source",
        "profile_cases": 5,
        "positions": [
            {"key": key.replace("__", "."), "minimum": low, "maximum": high, "is_outside": outside}
            for key, (low, high, outside) in positions.items()
        ],
    }


def test_every_statistic_has_a_name_a_value_and_a_unit(scene, domain_row):
    node = add_domain_table(scene, "Domain", DomainRow.from_json(domain_row(vessels=True)))
    assert headers(node) == ["Statistic", "Value"]
    rows = rows_of(node)
    assert rows["Mean from 0 to 80 HU"] == ["40 HU"]
    assert rows["Spacing S-I"] == ["0.5 mm"]
    assert rows["Noise (parenchyma)"] == ["5 HU"]
    assert rows["Noise (air)"] == ["n/a"]
    assert rows["Irregularity of slice gaps"] == ["n/a"]
    assert rows["Diameter, mean"] == ["2.4 mm"]
    assert rows["Contrast to noise (parenchyma)"] == ["62"]
    assert node.GetLocked()


def test_arbitrary_units_have_no_window_and_no_unit(scene, domain_row):
    rows = rows_of(add_domain_table(scene, "Domain", DomainRow.from_json(domain_row(units="arbitrary"))))
    assert not any("HU" in title for title in rows)
    assert rows["Mean, all voxels"] == ["60"]
    assert rows["Noise (wavelet)"] == ["5.5"]


def test_predicted_vessels_are_called_so(scene, domain_row):
    body = domain_row(vessels=True)
    body["morphology"]["mask"] = "prediction"
    assert "Predicted diameter, mean" in rows_of(add_domain_table(scene, "Domain", DomainRow.from_json(body)))


def test_without_vessels_there_are_no_diameters(scene, domain_row):
    row = DomainRow.from_json(domain_row())
    assert not any("Diameter" in title for title in rows_of(add_domain_table(scene, "Domain", row)))
    assert add_diameter_histogram(scene, "Diameters", row) is None


def test_a_profile_s_range_stands_beside_what_can_be_compared(scene, domain_row):
    compared = comparison(noise__parenchyma=(4.5, 4.9, True), intensity__mean=(38.0, 42.0, False))
    node = add_domain_table(scene, "Domain", DomainRow.from_json(domain_row()), compared)
    assert headers(node)[2:] == ["Profile's range"]
    rows = rows_of(node)
    assert rows["Noise (parenchyma)"] == ["5 HU", "outside 4.5 to 4.9"]
    assert rows["Mean from 0 to 80 HU"] == ["40 HU", "38 to 42"]
    assert rows["Spacing R-L"] == ["0.5 mm", ""]


def test_keys_are_those_of_the_comparison(domain_row):
    """What a comparison calls a quantity by is found again in the table."""
    from UMambaXAILogic.engine.domain.quantities import shift_quantities
    from UMambaXAILogic.engine.domain.settings import DomainSettings

    row = DomainRow.from_json(domain_row(vessels=True))
    shown = {value.key: value.value for value in domain_values(row)}
    for quantity in shift_quantities(DomainSettings(), "parenchyma"):
        assert quantity.key in shown
        assert shown[quantity.key] == pytest.approx(quantity.value(row))


def test_shares_are_exact_where_edges_agree_and_sum_to_all():
    histogram = Histogram.of([0, 0, 1, 2, 7, 7, 7, 300], HOUNSFIELD)
    edges = np.arange(-200.5, 600, 4)
    found = shares(histogram, edges)
    assert found.sum() == pytest.approx(100)
    assert found[edges[:-1] == -0.5][0] == pytest.approx(100 * 4 / 8)  # 0 to 3
    assert found[edges[:-1] == 3.5][0] == pytest.approx(100 * 3 / 8)  # 4 to 7


def test_intensities_are_a_line_over_soft_tissue_and_vessels(scene, domain_row):
    nodes = add_intensity_histogram(scene, "Intensities", DomainRow.from_json(domain_row()))
    values, found = column(nodes.table, "Value"), column(nodes.table, "This volume")
    assert values[0] == pytest.approx(-198.5)
    assert values[-1] == pytest.approx(597.5)
    assert np.diff(values) == pytest.approx(4.0)
    first = float(HOUNSFIELD.edges[340])
    inside = (values > first - 2) & (values < first + 7)
    assert found[inside].sum() == pytest.approx(100)  # every voxel lies in these five bins
    (series,) = nodes.series
    assert (series.GetXColumnName(), series.GetYColumnName()) == ("Value", "This volume")
    assert series.GetPlotType() == slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter
    assert series.GetMarkerStyle() == slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone
    assert nodes.chart.GetXAxisTitle() == "Intensity (HU)"
    assert "%" in nodes.chart.GetYAxisTitle()


def test_a_profile_is_a_second_line_that_stays_apart(scene, domain_row):
    row = DomainRow.from_json(domain_row())
    profile = Histogram.of([10.0, 10.0, 50.0, 5000.0], HOUNSFIELD)
    nodes = add_intensity_histogram(scene, "Intensities", row, profile)
    mine, other = nodes.series
    assert column(nodes.table, "Profile").sum() == pytest.approx(75)  # one voxel lies beyond what is shown
    assert mine.GetColor() != other.GetColor()
    assert mine.GetLineStyle() != other.GetLineStyle()
    assert nodes.chart.GetNumberOfPlotSeriesNodes() == 2


def test_a_profile_in_other_units_is_left_out(scene, domain_row):
    nodes = add_intensity_histogram(
        scene, "Intensities", DomainRow.from_json(domain_row()), Histogram.of([1.0], SIGNED_OCTAVES)
    )
    assert len(nodes.series) == 1


@pytest.mark.parametrize("values", [[0.0, 0.1, 0.5, 1.0], [0, 300, 900, 65000], [5, 5, 5], [-3.0, 2.0]])
def test_arbitrary_units_choose_their_own_range(scene, domain_row, values):
    body = domain_row(units="arbitrary")
    body["intensity"]["histogram"] = Histogram.of(values, SIGNED_OCTAVES).to_json()
    nodes = add_intensity_histogram(scene, "Intensities", DomainRow.from_json(body))
    found = column(nodes.table, "Value")
    assert len(found) == 200
    assert min(values) - 1 <= found[0] <= found[-1] <= max(values) + 1
    assert np.isfinite(column(nodes.table, "This volume")).all()
    assert nodes.chart.GetXAxisTitle() == "Intensity"


def test_diameters_are_steps_of_a_tenth_up_to_the_largest(scene, domain_row):
    row = DomainRow.from_json(domain_row(vessels=True))
    nodes = add_diameter_histogram(scene, "Diameters", row, Histogram.of([1.0, 5.0], DIAMETER))
    values = column(nodes.table, "Value")
    assert values[0] == pytest.approx(0.05)
    assert 5.0 < values[-1] < 5.3
    assert column(nodes.table, "This volume").sum() == pytest.approx(100)
    assert nodes.chart.GetXAxisTitle() == "Vessel diameter (mm)"
