"""Standard input, output and error of a command: there from the start, and never another file's descriptor.

A descriptor that is closed when a process starts is given to the next file that it opens, so what is meant for
standard error would end in a database.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
from contextlib import suppress
from typing import Any, TextIO

from commercetools_source.errors import DestinationError

__all__ = ["Forgiving", "output_fault", "prepare", "raise_between_writes", "tell"]

_PATIENCE = 2.0
"""Seconds for which whoever reads the output may take nothing when a program is to end at once."""


def prepare() -> None:
    """Give closed descriptors 0 to 2 to the null device, and replace Python's streams over them by reliable ones.

    Afterwards reading a standard input that was closed finds its end, writing to a standard output that was closed
    or is full raises DestinationError, and whatever happens to standard error raises nothing. May be called again;
    streams that somebody else put in place, such as a test that captures them, stay as they are.
    """
    # Output only for reading: writing to it must fail, because nobody would get what is written.
    places = [
        _occupied(number, flags, stream)
        for number, flags, stream in (
            (0, os.O_RDONLY, sys.stdin),
            (1, os.O_RDONLY, sys.stdout),
            (2, os.O_WRONLY, sys.stderr),
        )
    ]
    # Python has None for what was closed when it started.
    sys.stdin = sys.stdin or open(places[0], encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    sys.stdout = _rebuilt(sys.stdout, _Output, places[1])
    sys.stderr = _rebuilt(sys.stderr, _Error, places[2])


def tell(text: bytes) -> None:
    """Write `text` to standard error past its buffers, as a signal handler must; does nothing where it cannot."""
    stream: TextIO | None = sys.stderr
    if stream is not None:  # else descriptor 2 is some other file, or none
        with suppress(OSError, ValueError):
            os.write(stream.fileno(), text)


def raise_between_writes(end: BaseException) -> None:
    """Raise `end` in a signal handler, or have a write to standard output that it interrupts raise it when it is whole.

    A write whose reader takes nothing for seconds is cut. Returns where the write will raise.
    """
    raw = getattr(sys.stdout, "buffer", None)
    if not (isinstance(raw, _Output) and raw.defers(end)):
        raise end


def output_fault(error: OSError | ValueError) -> str:
    """Return in words why standard output could not be written."""
    if isinstance(error, DestinationError):
        return str(error)
    if isinstance(error, BrokenPipeError):
        # The usual end of `... | head`, and no fault of the disk.
        return "whatever reads this program's output has gone"
    if isinstance(error, ValueError) or error.errno == errno.EBADF:
        return "standard output is closed, so there is nowhere to write to"
    return f"standard output cannot be written: {error.strerror or error}"


class Forgiving(io.TextIOBase):
    """A text stream for people: what cannot be written to `out` is left out, without an error. None takes nothing."""

    def __init__(self, out: TextIO | None) -> None:
        self._out = out

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of `out`."""
        return getattr(self._out, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Tell whether `out` is a terminal."""
        with suppress(OSError, ValueError):
            # A stream that is closed raises ValueError where a descriptor would raise OSError.
            return self._out is not None and self._out.isatty()
        return False

    def fileno(self) -> int:
        """Return the descriptor of `out`; raises OSError where it has none."""
        if self._out is None:
            raise io.UnsupportedOperation("fileno")
        return self._out.fileno()

    def writable(self) -> bool:
        """Tell that this can be written to."""
        return True

    def write(self, text: str) -> int:
        """Write `text` if that is possible; return its length."""
        if self._out is not None:
            with suppress(OSError, ValueError):
                self._out.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush `out` if that is possible."""
        if self._out is not None:
            with suppress(OSError, ValueError):
                self._out.flush()


class _Output(io.FileIO):
    """Standard output without buffers: takes all that it is given, or raises DestinationError.

    There is none above it either: what a signal's handler raises reaches a buffer as if nothing had been written,
    and it would write its bytes once more.
    """

    _writing = False
    _deferred: BaseException | None = None
    _fault: DestinationError | None = None

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        left = view
        # Handlers run in the main thread: what they raise cuts no write of another one.
        self._writing = threading.current_thread() is threading.main_thread()
        try:
            while left:
                count: int | None = super().write(left)
                left = left[count or 0 :]
                if not count:
                    _takes_more(self, None)
        except OSError as error:
            fault = DestinationError(output_fault(error))
            fault.errno = error.errno  # by it click knows a reader that has gone, and `run_command` that this is ours
            self._fault = fault
            raise fault from error
        finally:
            self._writing = False
        if self._deferred is not None:
            raise self._deferred
        return len(view)

    def flush(self) -> None:
        """Raise once more what a write raised: who wrote may have passed over it, as argparse does."""
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault
        super().flush()

    def defers(self, end: BaseException) -> bool:
        """Have the write under way raise `end` after its last byte; False where there is none, or nobody reads it."""
        if not self._writing or not _takes_more(self, _PATIENCE):
            return False
        self._deferred = end
        return True


class _Error(io.FileIO):
    """Standard error without buffers: what cannot be written is left out."""

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        try:
            return super().write(data) or size
        except OSError:
            return size


def _takes_more(out: io.FileIO, seconds: float | None) -> bool:
    """Wait so long until `out` can take more, None for ever; return whether it can."""
    import select

    try:
        return bool(select.select([], [out], [], seconds)[1])
    except (OSError, ValueError):  # Windows selects sockets only, and no system more than 1,024 descriptors
        return True


def _occupied(number: int, flags: int, stream: TextIO | None) -> int:
    """Return a descriptor that a standard stream may use: `number`, given to the null device if it was closed."""
    try:
        os.fstat(number)
    except OSError:
        pass
    else:
        if stream is not None:
            return number
        return os.open(os.devnull, flags)  # something was opened there since the start, and stays
    place = os.open(os.devnull, flags)
    if place != number:
        os.dup2(place, number)
        os.close(place)
    os.set_inheritable(number, True)  # noqa: FBT003 - its only parameter
    return number


def _rebuilt(stream: TextIO | None, kind: type[io.FileIO], place: int) -> TextIO:
    """Return `stream` over a raw file of `kind`; one that is not simply a descriptor's is returned as it is."""
    if stream is None:
        return io.TextIOWrapper(_raw(kind, place), "utf-8", "backslashreplace", line_buffering=kind is _Error)
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    buffer: Any = stream.buffer
    raw = getattr(buffer, "raw", buffer)
    if type(raw) is not io.FileIO or raw.fileno() != place:
        return stream
    return io.TextIOWrapper(
        _raw(kind, place),
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _raw(kind: type[io.FileIO], place: int) -> Any:
    # Any: a text layer accepts a raw file, as it does where Python is told not to buffer, though its type says not.
    return kind(place, "wb", closefd=False)
