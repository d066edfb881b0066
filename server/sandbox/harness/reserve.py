"""Room kept aside and given back after an error, so that reporting a MemoryError has some."""

try:
    from mmap import mmap
except ImportError:  # WebAssembly has no memory maps.
    mmap = None

_MAPPED_BYTES = 8 << 20
_ALLOCATED_BYTES = 256 << 10


class Reserve:
    """Address space that is never touched and costs no memory; where there is none, real memory."""

    def __init__(self) -> None:
        self._map = None if mmap is None else mmap(-1, _MAPPED_BYTES)
        self._bytes = bytearray(_ALLOCATED_BYTES) if mmap is None else None

    def release(self) -> None:
        """Gives the room back."""
        if self._map is not None:
            self._map.close()
        self._bytes = None
