"""Messages of Protocol Buffers that are defined here, decoded in C.

A field with a message inside may be declared as BYTES, which are the same on the wire: it is decoded later, or not at
all where its bytes are known.

Source: protobuf.dev/programming-guides/encoding
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

BYTES, INT32, INT64, UINT32, FIXED64, FIXED32 = 12, 5, 3, 13, 6, 7
"""Types of fields; another message is named instead."""


class Field(NamedTuple):
    """A field of a message."""

    name: str
    number: int
    type: int | str
    is_repeated: bool = False


def message_classes(package: str, messages: Mapping[str, Sequence[Field]]) -> dict[str, Any]:
    """The classes of messages, by name; their `FromString` raises DecodeError."""
    # with the first message: they take 7 MB
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message_factory import GetMessageClass

    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field in fields:
            label = FieldDescriptorProto.LABEL_REPEATED if field.is_repeated else FieldDescriptorProto.LABEL_OPTIONAL
            made: Any = message.field.add(name=field.name, number=field.number, label=label)
            if isinstance(field.type, str):
                made.type, made.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{package}.{field.type}"
            else:
                made.type = field.type
    pool = DescriptorPool()
    pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages}
