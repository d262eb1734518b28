"""Messages about numbers between the server and the store process. Arrays are little-endian bytes."""

import msgspec


class CellBlock(msgspec.Struct, array_like=True):
    """Cells of one bucket, as columns.

    Attributes:
        names, labels, kinds: of the series; the labels as JSON, without the name, in their order.
        figures: by name, float64; NaN for none.
        users: sketches of distinct users; None for none.
        scales: of the sketches of values, int8, for each cell.
        sketch_cells, sketch_keys, sketch_counts: the rows of the sketches: index of the cell and key, int32, and
            float64.
    """

    names: list[str]
    labels: list[str]
    kinds: list[str]
    figures: dict[str, bytes]
    users: list[bytes | None]
    scales: bytes
    sketch_cells: bytes
    sketch_keys: bytes
    sketch_counts: bytes


class SentBlock(msgspec.Struct, frozen=True):
    """A block that the server sends.

    Attributes:
        kind: the name of the `NumberKind`.
        start: of the bucket, in seconds.
        digest: of the whole bucket, with its last block; None before.
        cells: a `CellBlock` as MessagePack, in Base64.
    """

    kind: str
    start: int
    digest: int | None
    cells: str


class SentBlocks(msgspec.Struct, frozen=True):
    """Blocks for a store process: `life` is that of its `KnownBuckets`."""

    life: str
    blocks: list[SentBlock]


class KnownBuckets(msgspec.Struct, frozen=True):
    """Buckets of a store process: `life` is its id, new at each start, and the digests are by kind and start."""

    life: str
    digests: list[tuple[str, int, int]]


class CellQuery(msgspec.Struct, frozen=True):
    """Which cells to read.

    Attributes:
        kind: the name of the `NumberKind`.
        name: of the metric.
        labels: values that the series must have.
        start, end: cells that start from one to before the other, in seconds.
        has_sketches: whether sketches of values and users are wanted.
        most: how many cells and rows of sketches at most.
    """

    kind: str
    name: str
    labels: dict[str, str]
    start: int
    end: int
    has_sketches: bool = False
    most: int = 2_000_000


class CellAnswer(msgspec.Struct, array_like=True):
    """Cells ordered by series and start, as columns.

    Attributes:
        kinds, labels: of each series; the labels as JSON, without the name.
        series: index of the series, int32.
        starts: seconds, int64.
        figures: by name, float64; NaN for none.
        scales: int8, of each cell.
        sketch_cells, sketch_keys, sketch_counts: see `CellBlock`; ordered by cell.
        user_cells: indexes of the cells that have `users`.
    """

    kinds: list[str]
    labels: list[str]
    series: bytes
    starts: bytes
    figures: dict[str, bytes]
    scales: bytes
    sketch_cells: bytes
    sketch_keys: bytes
    sketch_counts: bytes
    user_cells: list[int]
    users: list[bytes]
