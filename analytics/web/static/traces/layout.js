// Where the services of the map stand: in columns by who calls whom, without overlap. Pure.

const WIDTH = 252;
const HEIGHT = 52;
const GAP_X = 80;
const GAP_Y = 20;
const ROUNDS = 6;

/**
 * Places `{ name, x, y }` of the services, and the size of the drawing: callers stand left of what they call, and each
 * near its neighbours. Calls that would close a circle do not move anything.
 */
export function layout(names, calls) {
  const columns = columnsOf(names, calls);
  const neighbours = new Map(names.map((name) => [name, []]));
  for (const { from, to } of calls) {
    neighbours.get(from)?.push(to);
    neighbours.get(to)?.push(from);
  }
  const rowOf = new Map();
  for (const column of columns) column.forEach((name, row) => rowOf.set(name, row - (column.length - 1) / 2));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const column of columns) {
      const wish = new Map(column.map((name) => [name, mean(neighbours.get(name).map((other) => rowOf.get(other)), rowOf.get(name))]));
      column.sort((a, b) => wish.get(a) - wish.get(b) || (a < b ? -1 : 1));
      column.forEach((name, row) => rowOf.set(name, row - (column.length - 1) / 2));
    }
  }
  const most = Math.max(1, ...columns.map(({ length }) => length));
  const places = columns.flatMap((column, place) => column.map((name) => ({
    name,
    x: place * (WIDTH + GAP_X),
    y: (rowOf.get(name) + (most - 1) / 2) * (HEIGHT + GAP_Y),
  })));
  return {
    places,
    width: Math.max(1, columns.length) * (WIDTH + GAP_X) - GAP_X,
    height: most * (HEIGHT + GAP_Y) - GAP_Y,
    box: { width: WIDTH, height: HEIGHT },
  };
}

/** The services in columns: each right of all that call it. */
function columnsOf(names, calls) {
  const callees = new Map(names.map((name) => [name, []]));
  for (const { from, to } of calls) if (from !== to && callees.has(from) && callees.has(to)) callees.get(from).push(to);
  const depth = new Map();
  const onWay = new Set();
  const visit = (name, at) => {
    if (onWay.has(name) || (depth.get(name) ?? -1) >= at) return;
    depth.set(name, at);
    onWay.add(name);
    for (const other of callees.get(name)) visit(other, at + 1);
    onWay.delete(name);
  };
  const called = new Set(calls.filter(({ from, to }) => from !== to).map(({ to }) => to));
  for (const name of names) if (!called.has(name)) visit(name, 0);
  for (const name of names) if (!depth.has(name)) visit(name, 0);
  const columns = [];
  for (const name of names) (columns[depth.get(name)] ??= []).push(name);
  return columns.filter(Boolean);
}

const mean = (values, otherwise) => (values.length ? values.reduce((a, b) => a + b, 0) / values.length : otherwise);
