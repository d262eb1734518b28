// A trace as a tree of spans, in milliseconds from its start. Pure.

const PER_MS = 1e6;

/** Milliseconds between two times in nanoseconds, which are texts: numbers of JavaScript would not hold them. */
export const between = (start, end) => Number(BigInt(end) - BigInt(start)) / PER_MS;

/**
 * The spans of a trace as nodes `{ span, start, duration, shift, depth, parent, children, isOrphan, place, siblings }`, in
 * the order in which they are drawn: each is followed by its children. `place` counts from 1 among `siblings`. `shift` is by how many milliseconds it was moved, because the
 * clock of its service differs from that of its parent's. A cycle of parents is cut at its earliest span.
 */
export function nodesOf(spans) {
  if (!spans.length) return [];
  const base = spans.reduce((least, { start_ns: start }) => (BigInt(start) < BigInt(least) ? start : least), spans[0].start_ns);
  const nodes = new Map();
  for (const span of spans) {
    const duration = Math.max(0, between(span.start_ns, span.end_ns));
    nodes.set(span.span_id, { span, start: between(base, span.start_ns), duration, shift: 0, depth: 0, parent: null, children: [], isOrphan: false, place: 1, siblings: 1 });
  }
  const inOrder = [...nodes.values()].sort((a, b) => a.start - b.start || b.duration - a.duration);
  const roots = [];
  for (const node of inOrder) {
    const parent = nodes.get(node.span.parent_id);
    if (parent && parent !== node) parent.children.push(node);
    else {
      node.isOrphan = Boolean(node.span.parent_id);
      roots.push(node);
    }
  }
  const drawn = [];
  const seen = new Set();
  const draw = (root) => {
    const stack = [[root, null, 0]];
    while (stack.length) {
      const [node, parent, depth] = stack.pop();
      if (seen.has(node)) continue;
      seen.add(node);
      node.parent = parent;
      node.depth = depth;
      node.shift = parent ? parent.shift + skew(parent, node) : 0;
      drawn.push(node);
      for (const child of node.children.toReversed()) stack.push([child, node, depth + 1]);
    }
  };
  for (const root of roots) draw(root);
  for (const node of inOrder) {
    if (seen.has(node)) continue;
    node.isOrphan = true;
    draw(node);
  }
  for (const node of drawn) {
    node.start += node.shift;
    node.children = node.children.filter((child) => child.parent === node);
  }
  for (const family of [drawn.filter(({ parent }) => parent === null), ...drawn.map(({ children }) => children)]) {
    family.forEach((node, index) => Object.assign(node, { place: index + 1, siblings: family.length }));
  }
  const first = drawn.reduce((least, { start }) => Math.min(least, start), Infinity);
  for (const node of drawn) node.start -= first;
  return drawn;
}

/** How far a span of another service has to be moved to lie within its parent; 0 if it does, or never can. */
function skew(parent, node) {
  if (parent.span.service === node.span.service || node.duration > parent.duration) return 0;
  const isWithin = node.start >= parent.start && node.start + node.duration <= parent.start + parent.duration;
  return isWithin ? 0 : parent.start + (parent.duration - node.duration) / 2 - node.start;
}

/** When the last of some nodes ends. */
export const endOf = (nodes) => nodes.reduce((most, { start, duration }) => Math.max(most, start + duration), 0);

/**
 * The critical path: the stretches `{ node, start, end }` that made the trace as long as it is. From the end of a span
 * backwards, time belongs to the child that ended last, and what no child covers to the span itself.
 */
export function criticalPath(nodes) {
  const roots = nodes.filter(({ parent }) => parent === null);
  if (!roots.length) return [];
  const root = roots.reduce((a, b) => (b.start + b.duration > a.start + a.duration ? b : a));
  const path = [];
  const stack = [[root, root.start + root.duration]];
  while (stack.length) {
    const [node, end] = stack.pop();
    let until = Math.min(end, node.start + node.duration);
    const children = node.children.filter(({ start }) => start < until).sort((a, b) => b.start + b.duration - a.start - a.duration);
    for (const child of children) {
      if (child.start >= until) continue;
      const childEnd = Math.min(until, child.start + child.duration);
      if (childEnd < until) path.push({ node, start: childEnd, end: until });
      stack.push([child, childEnd]);
      until = Math.max(node.start, child.start);
    }
    if (until > node.start) path.push({ node, start: node.start, end: until });
  }
  return path.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
}

/** The nodes in sight: those below a node in `folded` are left out. */
export function inSight(nodes, folded) {
  const shown = [];
  let deeperThan = Infinity;
  for (const node of nodes) {
    if (node.depth > deeperThan) continue;
    deeperThan = folded.has(node.span.span_id) ? node.depth : Infinity;
    shown.push(node);
  }
  return shown;
}

/** Round times for a ruler over so many milliseconds, about `wanted` of them. */
export function ticks(duration, wanted) {
  if (!(duration > 0)) return [0];
  const rough = duration / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, place) => Number((place * step).toPrecision(12)));
}

/**
 * Compare two traces: rows `{ service, name, depth, a, b }` with the durations and counts of equal paths of both, in the
 * order in which the first trace is drawn; what only the second one has comes last in its place.
 */
export function compared(a, b) {
  const top = new Map();
  for (const [side, nodes] of [['a', a], ['b', b]]) {
    const below = new Map();
    for (const node of nodes) {
      const level = node.parent ? below.get(node.parent) : top;
      const key = `${node.span.service}\t${node.span.name}`;
      const found = level.get(key) ?? { row: { service: node.span.service, name: node.span.name, depth: node.depth, a: null, b: null }, children: new Map() };
      const known = found.row[side] ?? { count: 0, duration: 0, errors: 0 };
      found.row[side] = { count: known.count + 1, duration: known.duration + node.duration, errors: known.errors + (node.span.status === 'error' ? 1 : 0) };
      level.set(key, found);
      below.set(node, found.children);
    }
  }
  const rows = [];
  const stack = [...top.values()].toReversed();
  while (stack.length) {
    const { row, children } = stack.pop();
    rows.push(row);
    stack.push(...[...children.values()].toReversed());
  }
  return rows;
}
