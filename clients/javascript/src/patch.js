// JSON Merge Patches (RFC 7396), applied without changing what was there.

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * `target` after `patch`; parts that the patch does not name are shared with `target`.
 * @param {unknown} target
 * @param {unknown} patch
 */
export function mergePatch(target, patch) {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged); // a service may be called __proto__: no assignment would keep it
}
