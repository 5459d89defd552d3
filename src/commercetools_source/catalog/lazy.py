"""A value of an object that is made when it is first asked for, without a lock that a forked process could wait at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["lazy"]

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - a decorator, as `property` is
    """A property that is made once for each object; of what several threads make at once, the first is kept.

    Before Python 3.12, `functools.cached_property` has one lock for all objects of a class
    (https://docs.python.org/3/library/functools.html#functools.cached_property): in a child that is forked while
    another thread holds it, nobody ever lets it go.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, owner: None, of: type) -> lazy[T]: ...

    @overload
    def __get__(self, owner: object, of: type) -> T: ...

    def __get__(self, owner: object | None, of: type) -> lazy[T] | T:
        # The value is found before this is asked again: it is the object's own, and this is no data descriptor
        # (https://docs.python.org/3/howto/descriptor.html#descriptor-protocol).
        return self if owner is None else vars(owner).setdefault(self._name, self._make(owner))
