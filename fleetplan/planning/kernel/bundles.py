"""Many arrays handed to compiled functions as one address.

Numba passes each array of a tuple as seven words and counts references to all of them at every call, which costs more
than most calls of the search do. A :class:`Bundle` is the address of a row of words: a number as it is, an array as
its address and number of rows. Compiled code reads ``bundle.name`` as ever; the Python object keeps the arrays alive.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, register_model, typeof_impl, unbox
from numba.np import numpy_support
from numba.np.arrayobj import make_array, populate_array


class Field(NamedTuple):
    """A field of a bundle: its first word, and for an array the type of its items and the lengths of all but the first
    axis (``dtype`` is empty for a number)."""

    name: str
    word: int
    dtype: str
    inner: tuple[int, ...]


class BundleType(types.Type):
    """The compiler's type of a bundle."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.fields = fields
        self.by_name = {field.name: field for field in fields}
        super().__init__(name=f"Bundle({', '.join(f'{f.name}:{f.word}:{f.dtype}{f.inner}' for f in fields)})")

    def item(self, name: str) -> Any:
        """Type of a field, or ``None``."""
        field = self.by_name.get(name)
        if field is None:
            return None
        if not field.dtype:
            return types.int64
        return types.Array(numpy_support.from_dtype(np.dtype(field.dtype)), 1 + len(field.inner), "C")


class Bundle:
    """Arrays and whole numbers under names, as attributes here and in compiled code.

    Inner axes are part of the compiled type; only the first axis may differ between bundles of one type. Arrays whose
    inner axis differs from problem to problem are therefore given as flat rows.
    """

    def __init__(self, content: Any) -> None:
        self._content = content
        words: list[int] = []
        fields: list[Field] = []
        for name, value in content._asdict().items():
            if isinstance(value, np.ndarray):
                if not value.flags.c_contiguous:
                    raise ValueError(f"{name} is not in one piece")
                fields.append(Field(name, len(words), value.dtype.str, value.shape[1:]))
                words += [value.ctypes.data, len(value)]
            else:
                fields.append(Field(name, len(words), "", ()))
                words.append(int(value))
        self.type = BundleType(tuple(fields))
        self._words = np.array(words, dtype=np.int64)
        self.address = int(self._words.ctypes.data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    def replace(self, **changes: Any) -> Bundle:
        """The same with other values for some names."""
        return Bundle(self._content._replace(**changes))


@typeof_impl.register(Bundle)  # type: ignore[untyped-decorator]
def _type_of(value: Bundle, context: Any) -> BundleType:
    return value.type


@register_model(BundleType)
class _BundleModel(models.OpaqueModel):  # type: ignore[misc]
    pass


@unbox(BundleType)  # type: ignore[untyped-decorator]
def _unbox(kind: BundleType, value: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(value, "address")
    pointer = c.pyapi.long_as_voidptr(address)
    c.pyapi.decref(address)
    return NativeValue(pointer)


@infer_getattr
class _BundleAttribute(AttributeTemplate):  # type: ignore[misc]
    key = BundleType

    def generic_resolve(self, kind: BundleType, name: str) -> Any:
        return kind.item(name)


@lower_getattr_generic(BundleType)  # type: ignore[untyped-decorator]
def _read(context: Any, builder: Any, kind: BundleType, value: Any, name: str) -> Any:
    field = kind.by_name[name]
    word = context.get_value_type(types.int64)
    row = builder.bitcast(value, word.as_pointer())

    def load(at: int) -> Any:
        return builder.load(builder.gep(row, [context.get_constant(types.intp, at)]))

    if not field.dtype:
        return load(field.word)
    array_type = kind.item(name)
    array = make_array(array_type)(context, builder)
    size = np.dtype(field.dtype).itemsize
    strides = [size * int(np.prod(field.inner[axis:], dtype=np.int64)) for axis in range(len(field.inner) + 1)]
    shape = [load(field.word + 1), *(context.get_constant(types.intp, x) for x in field.inner)]
    data = builder.inttoptr(load(field.word), context.get_data_type(array_type.dtype).as_pointer())
    populate_array(
        array,
        data=data,
        shape=cgutils.pack_array(builder, shape),
        strides=cgutils.pack_array(builder, [context.get_constant(types.intp, x) for x in strides]),
        itemsize=context.get_constant(types.intp, size),
        meminfo=None,
    )
    return array._getvalue()
