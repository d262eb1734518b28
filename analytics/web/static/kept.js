// What this browser keeps of a reader's choices; where nothing may be stored they last until the page is closed.

/** The choice kept under `key`, or null. */
export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storing is not allowed
  }
}

/** Keep a choice. */
export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // not allowed, or full
  }
}
