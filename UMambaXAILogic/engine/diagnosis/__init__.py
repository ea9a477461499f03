"""Two cohorts compared: tables, verdict, audit, report."""

from __future__ import annotations

from .diagnose import Diagnosis, diagnose
from .options import DiagnosisOptions

__all__ = ["Diagnosis", "DiagnosisOptions", "diagnose"]
