"""A result as DICOM: the attention map as Parametric Map, the labels as Segmentation, both of the explained series."""

from .export import DicomExport, export_dicom
from .from_files import export_from_files
from .highdicom_import import check_highdicom
from .source_series import SourceSeries, read_source_series

__all__ = ["DicomExport", "SourceSeries", "check_highdicom", "export_dicom", "export_from_files", "read_source_series"]
