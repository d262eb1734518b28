// Errors of a page or program as events of the type `error`.

const MOST_STACK = 8000;
const MOST_MESSAGE = 1000;
const MOST_ALIKE = 10; // of equal errors, so that one in a loop does not fill the queue

/**
 * The data of an `error` event.
 * @param {unknown} error what was thrown, which may be anything
 * @param {object} more further data
 */
export function errorData(error, more) {
  const isError = typeof error?.message === 'string';
  const name = isError ? String(error.name || 'Error') : typeof error;
  const message = textOf(isError ? error.message : error).slice(0, MOST_MESSAGE);
  const stack = isError && typeof error.stack === 'string' ? error.stack.slice(0, MOST_STACK) : undefined;
  const page = globalThis.location?.pathname;
  return { error: name, message, stack, page, ...more };
}

/**
 * Call `capture` for each error that nobody handles, and each promise that is rejected without a handler.
 * @param {(error: unknown, more: object) => void} capture
 * @returns {() => void} removes the listeners
 */
export function onUnhandled(capture) {
  if (typeof globalThis.addEventListener !== 'function') return () => {}; // not in a page
  const counts = new Map();
  const once = (error, more) => {
    const key = `${error?.name} ${textOf(error?.message ?? error).slice(0, 200)}`;
    const count = (counts.get(key) ?? 0) + 1;
    if (count > MOST_ALIKE || (count === 1 && counts.size >= 100)) return;
    counts.set(key, count);
    capture(error, more);
  };
  const { process } = globalThis;
  if (!globalThis.document && process?.versions?.node) {
    const watch = (error, origin) => once(error, { handled: false, origin });
    process.on('uncaughtExceptionMonitor', watch); // does not change what becomes of the program
    return () => process.off('uncaughtExceptionMonitor', watch);
  }
  const onError = ({ error, message, filename, lineno }) => {
    if (error === undefined && message === undefined) return; // a resource that was not loaded
    once(error ?? { name: 'Error', message }, { handled: false, origin: 'error', source: filename, line: lineno });
  };
  const onRejection = ({ reason }) => once(reason, { handled: false, origin: 'unhandledrejection' });
  globalThis.addEventListener('error', onError);
  globalThis.addEventListener('unhandledrejection', onRejection);
  return () => {
    globalThis.removeEventListener('error', onError);
    globalThis.removeEventListener('unhandledrejection', onRejection);
  };
}

function textOf(value) {
  try {
    return String(value);
  } catch {
    return '[unreadable]';
  }
}
