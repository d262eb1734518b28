// When a page goes away, what a beacon can still take along; when a program ends, its last chance.

const ROOM = 60_000; // browsers allow 64 KiB for all that is under way

/**
 * Hand over what waits in `lanes` each time the page is hidden, which may be the last that a script sees of it.
 * @param {import('./lane.js').Lane[]} lanes
 * @returns {() => void} stops that
 */
export function onGoodbye(lanes) {
  const { document: page, navigator } = globalThis;
  if (!page?.addEventListener || !navigator?.sendBeacon) return () => {};

  // text/plain: a beacon to another origin gets no chance to ask for leave, as other types would have to
  const send = (url, text) => {
    try {
      return navigator.sendBeacon(url, text);
    } catch {
      return false; // the address is none
    }
  };
  const handOver = () => {
    let room = ROOM;
    for (const lane of lanes) room -= lane.handOver(room, send);
  };
  const onHidden = () => {
    if (page.visibilityState === 'hidden') handOver();
  };
  page.addEventListener('visibilitychange', onHidden);
  globalThis.addEventListener('pagehide', handOver);
  return () => {
    page.removeEventListener('visibilitychange', onHidden);
    globalThis.removeEventListener('pagehide', handOver);
  };
}

/**
 * Call `last` when a Node.js program has nothing more to do; it may go on for a while, and is called again after that.
 * @param {() => void} last
 * @returns {() => void} stops that
 */
export function onExit(last) {
  const { process } = globalThis;
  if (!process?.versions?.node || !process.on) return () => {};
  process.on('beforeExit', last);
  return () => process.off('beforeExit', last);
}
