"""Attribution maps judged by evidence: faithfulness, leakage, robustness, sanity and cost, on one case."""

from .cohort import run_cohort_benchmark
from .request import AXES, BenchmarkRequest
from .result import BenchmarkResult
from .run import run_benchmark

__all__ = ["AXES", "BenchmarkRequest", "BenchmarkResult", "run_benchmark", "run_cohort_benchmark"]
