"""Freed memory is kept between arrays, where the C library is glibc."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in getattr(os, "confstr_names", {}), reason="needs glibc")
@pytest.mark.parametrize("keep", [True, False])
def test_freed_memory_is_kept(keep):
    """The pages of an array are new to the process at its first array, or at each."""
    code = f"""
from resource import RUSAGE_SELF, getrusage
from benchmark_utils.harness.glibc_memory import keep_freed_memory
{"keep_freed_memory()" if keep else ""}
bytearray(100 * 2**20)
before = getrusage(RUSAGE_SELF).ru_minflt
bytearray(100 * 2**20)
print(getrusage(RUSAGE_SELF).ru_minflt - before)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (int(run.stdout) < 10) == keep
