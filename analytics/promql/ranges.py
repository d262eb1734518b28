"""Calls of functions over ranges: of selectors, which the storage may answer by itself, and of subqueries."""

import numpy as np
from msgspec.structs import replace

from analytics.promql import window_floats, window_rates, window_samples
from analytics.promql.block import Block, Floats, Mask, Objects, Times, empty, no_objects
from analytics.promql.context import Context
from analytics.promql.histogram import GAUGE, UNKNOWN
from analytics.promql.latest import latest_times
from analytics.promql.nodes import Call, Node, Selector, Subquery
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.storage import Grouping, Samples
from analytics.promql.windows import Ranges, Result

RANGE_FUNCTIONS = {*window_floats.FLOAT_FUNCTIONS, *window_rates.RATE_FUNCTIONS, *window_samples.SAMPLE_FUNCTIONS}
KEEP_NAME = {"last_over_time", "first_over_time"}


def call(node: Call, context: Context, grouping: Grouping | None = None) -> tuple[Block, bool]:
    """The function's result, and whether the grouping around it was applied already."""
    place = next(place for place, each in enumerate(node.arguments) if is_range(each))
    argument = node.arguments[place]
    parameters = tuple(context.scalar(each) for index, each in enumerate(node.arguments) if index != place)
    if node.name == "quantile_over_time":
        window_floats.check_quantile(parameters[0], context.annotations, node.arguments[0].at)
    assert isinstance(argument, Selector | Subquery)
    ends = context.at(argument)
    if isinstance(argument, Selector):
        answer = context.storage.over(node.name, context.asked(argument, ends, parameters, grouping))
        if answer is not None:
            block, is_grouped = answer
            return (block if is_grouped or node.name in KEEP_NAME else block.nameless()), is_grouped
    samples = samples_of(argument, context, ends)
    ranges = Ranges(
        samples, ends, context.times, argument.range, parameters, context.budget, context.annotations, argument.at
    )
    unnamed = samples.unnamed if node.name in KEEP_NAME else np.ones(len(samples.series), bool)
    return compute(node.name, ranges).block(samples.series, unnamed), False


def compute(name: str, ranges: Ranges) -> Result:
    """A function over all windows."""
    if name in window_floats.FLOAT_FUNCTIONS:
        return window_floats.evaluate(name, ranges)
    function = window_rates.RATE_FUNCTIONS.get(name) or window_samples.SAMPLE_FUNCTIONS[name]
    return function(ranges)


def is_range(node: Node) -> bool:
    """Whether it is a range vector."""
    return isinstance(node, Subquery) or (isinstance(node, Selector) and node.range > 0)


def samples_of(node: Selector | Subquery, context: Context, ends: Times) -> Samples:
    """The samples of all windows."""
    if isinstance(node, Selector):
        start, end = (int(ends.min()) - node.range, int(ends.max())) if len(ends) else (0, 0)
        return context.storage.samples(context.asked(node, ends), start, end)
    step = node.step or context.subquery_step
    first = step * ((int(ends.min()) - node.range) // step) + step
    count = (int(ends.max()) - first) // step + 1
    context.budget.check_points(count)
    context.budget.charge(max(0, count))
    times = np.arange(count, dtype=np.int64) * step + first if count > 0 else np.zeros(0, np.int64)
    value = context.evaluate(node.expression, context.over(times, step))
    assert isinstance(value, Block)
    histograms = None if value.histograms is None else _unrelated(value.histograms)
    return Samples(value.series, times, value.values, value.present, value.unnamed, histograms)


def _unrelated(histograms: Objects) -> Objects:
    """The histograms without hints about a reset since the one before, which the steps may have left out."""
    cleared = [each if each is None or each.hint == GAUGE else replace(each, hint=UNKNOWN) for each in histograms.flat]
    result = no_objects((len(cleared),))
    result[:] = cleared
    return result.reshape(histograms.shape)


def newest_times(node: Selector, context: Context) -> Block:
    """When the newest sample of each series was observed, in seconds."""
    ends = context.at(node)
    if not len(ends):
        return empty(0)
    asked = context.asked(node, ends)
    answer = context.storage.over("timestamp", asked)
    if answer is not None:
        return answer[0].nameless()
    samples = context.storage.samples(asked, int(ends.min()) - context.lookback, int(ends.max()))
    values: Floats
    present: Mask
    values, present = latest_times(samples, ends, context.lookback)
    series: SeriesLabels = samples.series if len(samples.times) else SeriesLabels([])
    return Block(series, values, present, None, np.ones(len(series), bool))


def instant(node: Selector, context: Context) -> Block:
    """An instant vector's selector."""
    times = context.at(node)
    if node.pinned is None or not len(times):
        return context.storage.instant(context.asked(node, times))
    once = context.storage.instant(context.asked(node, times[:1]))
    shape = (len(times), len(once.series))
    context.budget.charge(shape[0] * shape[1])
    histograms = None if once.histograms is None else np.broadcast_to(once.histograms, shape)
    values, present = np.broadcast_to(once.values, shape), np.broadcast_to(once.present, shape)
    return Block(once.series, values, present, histograms, once.unnamed)
