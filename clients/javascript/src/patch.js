// JSON Merge Patches (RFC 7396), applied without changing the target.

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Apply `patch` to `target`; the result shares unchanged parts with `target`.
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
  return Object.fromEntries(merged); // a service may be called __proto__, which an assignment would lose
}
