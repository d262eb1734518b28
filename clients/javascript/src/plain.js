// Converts any JavaScript value to JSON; values without a JSON type become a text that describes them.

const MOST_LEVELS = 60; // the service accepts 64, including those around `data`
const MOST_VALUES = 10_000;

/**
 * The JSON of `value`; never throws. A circular reference, a DOM node, a function or a symbol becomes a text in
 * brackets, a BigInt its digits, NaN and the infinities their names, a Map an object, a Set and a typed array an array,
 * an Error its name and message. An unpaired surrogate, as `slice` makes when it cuts an emoji, becomes U+FFFD.
 * @param {unknown} value
 * @returns {string}
 */
export function jsonOf(value) {
  const text = JSON.stringify(plain(value, [], { left: MOST_VALUES })) ?? 'null';
  return text.replace(/\\(?:\\|u(d[89a-f][0-9a-f]{2}))/g, (match, half) => (half ? '\\ufffd' : match));
}

function plain(value, around, room) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return String(value);
    case 'function':
      return `[function ${nameOf(value)}]`;
    case 'symbol':
      return `[${String(value)}]`;
    default:
      return value === null ? null : ofObject(value, around, room);
  }
}

function ofObject(value, around, room) {
  if (around.includes(value)) return '[circular]';
  if (around.length >= MOST_LEVELS) return '[too deep]';
  room.left -= 1;
  if (room.left < 0) return '[too much]';
  const inside = [...around, value];
  try {
    if (typeof value.nodeType === 'number' && typeof value.nodeName === 'string') return `[DOM node: ${value.nodeName}]`;
    if (value === globalThis || value.window === value) return '[window]';
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString();
    if (typeof value.toJSON === 'function') return plain(value.toJSON(), inside, room);
    if (value instanceof Error) return { name: plain(value.name), message: plain(value.message) };
    if (value instanceof Map) return ofEntries(value.entries(), inside, room);
    if (value instanceof Set) return Array.from(value, (each) => plain(each, inside, room) ?? null);
    if (ArrayBuffer.isView(value) && value.length !== undefined) return ofArray(value, inside, room);
    if (Array.isArray(value)) return ofArray(value, inside, room);
    if (value instanceof String || value instanceof Number || value instanceof Boolean) return plain(value.valueOf());
    return ofEntries(readable(value), inside, room);
  } catch (error) {
    return unreadable(error);
  }
}

function ofArray(values, inside, room) {
  room.left -= values.length;
  if (room.left < 0) return '[too much]';
  return Array.from(values, (each) => plain(each, inside, room) ?? null);
}

function ofEntries(entries, inside, room) {
  const found = {};
  for (const [key, value] of entries) {
    room.left -= 1;
    if (room.left < 0) break;
    // defines an own property even if its name is __proto__
    Object.defineProperty(found, String(key), { value: plain(value, inside, room), enumerable: true, configurable: true });
  }
  return found;
}

function* readable(value) {
  for (const key of Object.keys(value)) {
    try {
      yield [key, value[key]];
    } catch (error) {
      yield [key, unreadable(error)];
    }
  }
}

function unreadable(error) {
  try {
    return `[unreadable: ${String(error?.message ?? error)}]`;
  } catch {
    return '[unreadable]';
  }
}

function nameOf(value) {
  try {
    return String(value.name || 'without a name');
  } catch {
    return 'without a name';
  }
}
