"""A stand-in for HailoRT's `hailo_platform`: put its parent first on PYTHONPATH; FAKE_HAILO_* say how it behaves."""

from .pyhailort import _pyhailort
from .pyhailort._pyhailort import PLAN
from .pyhailort.pyhailort import Device, HailoRTException, VDevice

__version__ = PLAN.release
if _pyhailort.__version__ != __version__:
    raise ImportError(
        f"_pyhailort version ({_pyhailort.__version__}) does not match pyhailort version ({__version__})"
    )

__all__ = ["Device", "HailoRTException", "VDevice"]
