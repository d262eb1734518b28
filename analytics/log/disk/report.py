"""Inspections as text."""

from collections.abc import Iterable, Sequence

from analytics.log.disk.inspection import Inspection

SIZE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def full_text(found: Inspection) -> str:
    """The output of `inspect`: files, checkpoint, journal, tables of both and of the consumers, and damage."""
    files = ", ".join(f"{name} {format_bytes(size)}" for name, size in found.sizes.items())
    journal = sum(kind.entries for kind in found.journal)
    lines = [
        f"{found.path}",
        f"files       {files}",
        f"schema      {found.schema}",
        f"checkpoint  number {found.generation:,}, up to entry {found.position:,} of the journal",
        f"journal     {journal:,} entries, {found.beyond:,} of them after the checkpoint",
    ]
    if found.journal:
        rows = [
            (each.kind, f"{each.entries:,}", f"{each.records:,}", format_bytes(each.bytes), each.oldest, each.newest)
            for each in found.journal
        ]
        lines += ["", *_table(("journal", "entries", "records", "size", "oldest", "newest"), rows, right=(1, 2, 3))]
    if found.checkpoint:
        parts = [
            (
                each.family,
                each.resolution,
                f"{each.parts:,}",
                format_bytes(each.bytes),
                each.oldest or "",
                each.newest or "",
            )
            for each in found.checkpoint
        ]
        lines += ["", *_table(("checkpoint", "of", "parts", "size", "oldest", "newest"), parts, right=(2, 3))]
    if found.consumers:
        cursors = [
            (each.name, f"{each.position:,}", f"{each.behind:,}", f"{each.missed:,}") for each in found.consumers
        ]
        lines += ["", *_table(("consumer", "read up to entry", "behind", "missed"), cursors, right=(1, 2, 3))]
    if found.damage:
        lines += ["", "DAMAGED:", *(f"  {line}" for line in found.damage)]
    else:
        lines += ["", "Sound: the integrity check and all checksums passed."]
    return "\n".join(lines)


def one_line(found: Inspection) -> str:
    """A summary in one line: size, start of the statistics, newest record."""
    days = [
        each.oldest for each in found.checkpoint if (each.family, each.resolution) == ("series", "day") and each.oldest
    ]
    statistics = [f"statistics since {days[0][:10]}"] if days else []
    newest = [f"newest record {found.newest}"] if found.newest else []
    return ", ".join(
        [f"{found.path}: {format_bytes(sum(found.sizes.values()))}", *statistics, *(newest or ["no records"])]
    )


def format_bytes(size: int) -> str:
    """A size for people, for example "1.5 KiB"."""
    amount, unit = float(size), 0
    while amount >= 1024 and unit + 1 < len(SIZE_UNITS):
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.{1 if unit else 0}f} {SIZE_UNITS[unit]}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int]) -> list[str]:
    table = [heads, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
