// Web vitals of a page as metrics, measured by the npm package `web-vitals`.

const UNITS = { LCP: 'ms', INP: 'ms', CLS: '' };

/**
 * Measure LCP, INP and CLS of this page.
 * @param {() => Promise<{ onLCP: Function, onINP: Function, onCLS: Function }>} load loads `web-vitals`
 * @param {(name: string, value: number, unit: string, tags: object) => void} record called with each final value
 */
export async function watchVitals(load, record) {
  const { onLCP, onINP, onCLS } = await load();
  const page = globalThis.location?.pathname ?? '';
  const report = ({ name, value, rating }) => record(`web_vitals_${name.toLowerCase()}`, value, UNITS[name], { page, rating });
  for (const watch of [onLCP, onINP, onCLS]) watch(report);
}
