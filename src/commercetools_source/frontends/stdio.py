"""Standard input, output and error of a command: there from the start, and never another file's descriptor.

Each command runs through `run_command`. A descriptor that is closed when a process starts is given to the
next file that it opens, so what is meant for standard error would end in a database.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Forgiving", "output_fault", "prepare", "run_command", "tell"]


def run_command(command: Callable[[], int | None]) -> int:
    """Run `command` with sound standard streams; return its exit status, None being 0.

    Standard output that cannot be written becomes a sentence on standard error and the status 1. Standard error
    that cannot be written changes nothing. Ctrl-C is the status 130.
    """
    prepare()
    fault: DestinationError | None = None
    try:
        status = command() or 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
        if isinstance(end.code, str):
            # As the interpreter does it: https://docs.python.org/3/library/exceptions.html#SystemExit
            tell(f"{end.code}\n".encode())
    except KeyboardInterrupt:
        # Before a command handles signals, such as while it is being imported, nothing has begun that could be told of.
        status = 128 + signal.SIGINT
    except Exception as error:
        status, fault = 1, _unwritten(error)
        if fault is None:
            raise
    try:
        sys.stdout.flush()
    except DestinationError as error:
        fault = None if status and fault is None else error  # else the command has told of it
        status = status or 1
        _let_go(sys.stdout)
    if fault is not None:
        tell(f"error: {fault}\n".encode())
    return status


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
    """Standard output without buffers: takes all that it is given, or raises DestinationError."""

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        left = view
        try:
            while left:
                count: int | None = super().write(left)
                left = left[count or 0 :]
                if not count:
                    _await_reader(self)
        except OSError as error:
            fault = DestinationError(output_fault(error))
            fault.errno = error.errno  # by it click knows a reader that has gone, and _unwritten that this is ours
            raise fault from error
        return len(view)


class _Error(io.FileIO):
    """Standard error without buffers: what cannot be written is left out."""

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        try:
            return super().write(data) or size
        except OSError:
            return size


def _await_reader(out: io.FileIO) -> None:
    """Wait until `out`, which does not block, can take more."""
    import select

    select.select([], [out], [])


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
        raw = kind(place, "wb", closefd=False)
        return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=kind is _Error)
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    buffer: Any = stream.buffer
    raw = getattr(buffer, "raw", buffer)
    if type(raw) is not io.FileIO or raw.fileno() != place:
        return stream
    raw = kind(place, "wb", closefd=False)
    return io.TextIOWrapper(
        raw if raw is buffer else io.BufferedWriter(raw),
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _unwritten(error: BaseException | None) -> DestinationError | None:
    """Return the fault of standard output that `error` is or was caused by, if there is one."""
    while error is not None:
        if isinstance(error, DestinationError) and error.errno is not None:
            return error
        error = error.__cause__ or error.__context__
    return None


def _let_go(out: TextIO) -> None:
    """Send what is left in the buffer nowhere: Python would try it again when it ends, complain and exit with 120."""
    with suppress(OSError, ValueError):  # closed, or no file at all
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, out.fileno())
        finally:
            os.close(nowhere)
