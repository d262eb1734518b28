"""The rows of the result and the table they make, as text or as Markdown."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from statistics import median

from bench.wrk import Cost

HEADS = ("what", "ours", "rate", "baseline", "its figure", "its rate", "ratio", "target", "reached")
FAIR_SHARE = 0.9  # of its core; with less, something else ran during the measurement


@dataclass(frozen=True)
class Row:
    """One figure beside its baseline; `reached` is None without a target or a figure for it."""

    what: str
    ours: str = ""
    rate: str = ""
    baseline: str = ""
    its_figure: str = ""
    its_rate: str = ""
    ratio: str = ""
    target: str = ""
    reached: bool | None = None
    note: str = "shown"

    def cells(self) -> tuple[str, ...]:
        *texts, reached, note = astuple(self)
        return (*texts, note if reached is None else "ok" if reached else "MISSED")


def alone(what: str, cost: Cost, target: str = "", reached: bool | None = None) -> Row:
    """Our cost against a fixed target."""
    return Row(what, _cpu(cost), _rate(cost), target=target, reached=reached)


def against(what: str, ours: Sequence[Cost], baseline: str, theirs: Sequence[Cost], limit: float | None) -> Row:
    """Our CPU time as a multiple of the baseline's, with a maximum of `limit`.

    Interleaved runs are compared in pairs, because the speed of a shared machine changes within minutes.
    """
    cost, its = Cost.typical(ours), Cost.typical(theirs)
    ratio = median(mine.cpu / other.cpu for mine, other in zip(ours, theirs, strict=True))
    return Row(
        what,
        _cpu(cost),
        _rate(cost),
        baseline,
        _cpu(its),
        _rate(its),
        f"{ratio:.2f} ×",
        "" if limit is None else f"≤ {limit:g} × its CPU",
        None if limit is None else ratio <= limit,
    )


def _cpu(cost: Cost) -> str:
    return f"{cost.cpu:.2f} µs CPU" if cost.cpu < 100 else f"{cost.cpu:.0f} µs CPU"


def _rate(cost: Cost) -> str:
    text = f"{cost.rate:,.0f}/s"
    return text if cost.share >= FAIR_SHARE else f"{text} on {cost.share:.0%} of a core"


def failed(what: str, reason: str) -> Row:
    return Row(what, target=reason, reached=False)


def not_installed(what: str, package: str, baseline: str = "") -> Row:
    return Row(what, baseline=baseline, note=f"not installed: apt-get install {package}")


def as_text(rows: list[Row]) -> str:
    lines = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def as_markdown(rows: list[Row]) -> str:
    lines = [HEADS, ("---",) * len(HEADS), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
