"""One BLAS and OpenMP thread in a fit: idle threads spin, and their number must not move a digit."""

from contextlib import AbstractContextManager, nullcontext

try:
    from threadpoolctl import threadpool_limits
except ImportError:  # pragma: no cover - comes with scikit-learn
    threadpool_limits = None


def single_thread() -> AbstractContextManager[object]:
    """A context in which linear algebra runs on one thread."""
    return nullcontext() if threadpool_limits is None else threadpool_limits(limits=1)
