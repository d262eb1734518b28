// Choices of the reader, stored in this browser; if storage is not allowed, they last until the page is closed.

/** Key of the choice to get notices of the browser about alerts: `on` or `off`. */
export const NOTICES = 'analytics.notices';

/** Stored choice of `key`, or null. */
export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storing is not allowed
  }
}

/** Store a choice. */
export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // not allowed, or full
  }
}
