from __future__ import annotations

from pathlib import Path

import pytest

from engine.bench.run import machine

CPUINFO = "model name\t: A Processor\nflags\t\t: fpu avx2 fma avx512f sse4_2{more}\n\n"


@pytest.fixture
def meminfo(tmp_path: Path) -> Path:
    path = tmp_path / "meminfo"
    path.write_text("MemTotal:       2000 kB\nMemFree: 1 kB\n")
    return path


def test_the_machine_is_read_from_the_kernels_files(tmp_path: Path, meminfo: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(CPUINFO.format(more=""))
    found = machine("auto", cpuinfo, meminfo)
    assert found.processor == "A Processor"
    assert found.vector == ("avx2", "fma", "avx512f")
    assert found.memory == 2_048_000
    assert found.precision == "float32"
    assert found.cores >= 1
    assert {"python", "openvino", "tensorflow", "opencv", "numpy"} <= set(found.versions)


def test_bfloat16_is_said_where_it_is_used(tmp_path: Path, meminfo: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(CPUINFO.format(more=" avx512_bf16"))
    found = machine("auto", cpuinfo, meminfo)
    assert found.precision == "bfloat16"
    assert "avx512_bf16" in found.vector


def test_a_machine_without_these_files_is_no_error(tmp_path: Path) -> None:
    found = machine("keras", tmp_path / "none", tmp_path / "none")
    assert (found.memory, found.vector, found.runtime) == (0, (), "keras")
    assert found.processor
