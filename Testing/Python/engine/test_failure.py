"""Every exception becomes a code, a sentence and a remedy."""

from __future__ import annotations

import errno

import pytest

from UMambaXAILogic.engine import errors
from UMambaXAILogic.engine.failure import describe_failure


def test_a_typed_error_keeps_its_words():
    failure = describe_failure(errors.InputError("Bad file 7.", "Use 8."))
    assert (failure.code, failure.exit_code) == ("input", 3)
    assert failure.text == "Bad file 7. Use 8."


def test_a_table_in_a_message_keeps_its_lines_but_the_text_stays_one_paragraph():
    failure = describe_failure(errors.InputError("Grids differ:\n  volume   1 2\n\n  mask     1 3\n", "Resample."))
    assert failure.text.splitlines() == ["Grids differ:", "  volume   1 2", "  mask     1 3", "Resample."]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 9 GiB"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("GET was unable to find an engine to execute this computation"),
    ],
)
def test_memory_that_ran_out_is_recognised_whoever_says_so(error):
    failure = describe_failure(error)
    assert (failure.code, failure.exit_code) == ("out_of_memory", 5)
    assert failure.remedy


def test_a_full_paging_file_of_windows_is_recognised():
    error = OSError(errno.EINVAL, "The paging file is too small for this operation to complete")
    assert describe_failure(error).code == "bug"
    error.winerror = 1455
    assert describe_failure(error).code == "out_of_memory"


def test_torchs_own_error_is_recognised():
    torch = pytest.importorskip("torch")
    assert describe_failure(torch.cuda.OutOfMemoryError("CUDA out of memory.")).code == "out_of_memory"
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**55)
    assert describe_failure(caught.value).code == "out_of_memory"


def test_a_missing_package_is_named_as_pip_knows_it():
    failure = describe_failure(ModuleNotFoundError("No module named 'skimage.morphology'", name="skimage.morphology"))
    assert failure.exit_code == 6
    assert "pip install scikit-image" in failure.remedy


def test_a_missing_module_of_this_package_is_a_bug():
    error = ModuleNotFoundError("No module named 'UMambaXAILogic.x'", name="UMambaXAILogic.x")
    assert describe_failure(error).code == "bug"


@pytest.mark.parametrize("error", [ZeroDivisionError("division by zero"), RuntimeError("shape mismatch"), KeyError()])
def test_anything_else_is_called_a_bug_and_asks_to_be_reported(error):
    failure = describe_failure(error)
    assert (failure.code, failure.exit_code) == ("bug", 1)
    assert type(error).__name__ in failure.message
    assert "report" in failure.remedy
