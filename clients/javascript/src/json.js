// JSON from outside, which may be none.

/** What `text` says, or null where it is no JSON. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
