// Sends waiting items by a beacon when a page is hidden, and calls back when a Node.js program is about to end.

const ROOM = 60_000; // browsers allow 64 KiB for all beacons in flight

/**
 * Send waiting items of `queues` by a beacon each time the page is hidden, because the page may not come back.
 * @param {import('./queue.js').SendQueue[]} queues
 * @returns {() => void} removes the listeners
 */
export function onPageHide(queues) {
  const { document: page, navigator } = globalThis;
  if (!page?.addEventListener || !navigator?.sendBeacon) return () => {};

  // text/plain needs no CORS preflight, which a beacon to another origin cannot make
  const send = (url, text) => {
    try {
      return navigator.sendBeacon(url, text);
    } catch {
      return false; // not a valid address
    }
  };
  const handOver = () => {
    let room = ROOM;
    for (const queue of queues) room -= queue.handOver(room, send);
  };
  const onVisibility = () => {
    if (page.visibilityState === 'hidden') handOver();
  };
  page.addEventListener('visibilitychange', onVisibility);
  globalThis.addEventListener('pagehide', handOver);
  return () => {
    page.removeEventListener('visibilitychange', onVisibility);
    globalThis.removeEventListener('pagehide', handOver);
  };
}

/**
 * Call `last` when a Node.js program has nothing more to do; called again if `last` started work that has ended.
 * @param {() => void} last
 * @returns {() => void} removes the listeners
 */
export function onExit(last) {
  const { process } = globalThis;
  if (!process?.versions?.node || !process.on) return () => {};
  process.on('beforeExit', last);
  return () => process.off('beforeExit', last);
}
