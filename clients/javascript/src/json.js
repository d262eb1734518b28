// Parses JSON that may be invalid.

/** The value of `text`, or null if it is not JSON. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
