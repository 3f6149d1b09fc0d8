"""llama.cpp's C functions, without the Python that llama-cpp-python puts on top of them."""

import importlib.util
import sys


def _without_its_top() -> None:
    """Lets `llama_cpp.llama_cpp` be imported without `llama_cpp/__init__.py`.

    That would bring in numpy, a disk cache and the high-level API: half of the worker's start and a third of its own memory.
    """
    spec = importlib.util.find_spec("llama_cpp")
    if "llama_cpp" not in sys.modules and spec is not None:
        sys.modules["llama_cpp"] = importlib.util.module_from_spec(spec)


_without_its_top()

import llama_cpp.llama_cpp as llama  # noqa: E402 (only now)

__all__ = ["llama"]
