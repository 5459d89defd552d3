"""Where reading and writing meet: what is read is stored, and a stream that cannot be stored fails alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.errors import RecordError
from commercetools_source.events import Hook, PhaseBegan, RowsWritten

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.extract.delivery import Delivery, Destination
    from commercetools_source.extract.engine import Extraction

__all__ = ["write_all"]


def write_all(
    extraction: Extraction,
    destination: Destination,
    hook: Hook,
    adapt: Callable[[Delivery], Delivery],
) -> None:
    """Store all deliveries of a run, each as `adapt` makes it.

    What cannot be stored ends its stream only: nothing of that delivery is stored, and the next run reads it
    again. Raises DestinationError when the destination itself fails (a full disk, a closed pipe), as that
    concerns every stream.
    """
    for delivery in extraction.deliveries():
        # The next delivery is asked for only after this one is stored or failed: so the engine knows what is true.
        hook(PhaseBegan("storing", delivery.stream.name))
        error = _write(destination, adapt(delivery))
        if error is None:
            hook(RowsWritten(delivery.stream.name, len(delivery.records)))
        else:
            extraction.fail(delivery.stream, error)
        hook(PhaseBegan("reading"))


def _write(destination: Destination, delivery: Delivery) -> Exception | None:
    try:
        destination.write(delivery)
    except Exception as error:
        # A full disk or a closed pipe fails every stream alike; a RecordError is about the records of this one.
        if isinstance(error, OSError) and not isinstance(error, RecordError):
            raise
        return error
    return None
