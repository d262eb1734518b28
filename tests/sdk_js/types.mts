// What a program in TypeScript may do with the client; tsc checks it against the types that the service serves.
import { AnalyticsClient, LiveClient, RealtimeDashboard, type Outcome } from './analytics.mjs';

const analytics = new AnalyticsClient({
  baseUrl: 'http://localhost:8099',
  key: 'ak_0123456789abcdef_key',
  onDropped: ({ dropped, reason, id }) => console.warn(dropped.toFixed(), reason, id?.length),
  onError: async ({ code, retryIn = 0 }) => console.warn(code, retryIn.toFixed()),
  retry: { cap: 1000 },
});
const told: Outcome[] = await Promise.all([
  analytics.trackEvent('search', { query: 'mug' }, 42),
  analytics.trackPageView('/products', null),
  analytics.trackPurchase('ORDER-456', 99.99, 'user-123'),
  analytics.recordMetric('page_load_time', 1250, { page: '/products' }),
  analytics.recordMetric('jobs', 2, {}, '', { kind: 'counter', instance: 'worker-1' }),
  analytics.heartbeat('checkout', 'healthy', { request_count: 1000 }),
]);
const status: 'accepted' | 'duplicate' | 'rejected' | 'dropped' = told[0]!.status;
console.log(status, told[0]!.error?.code, analytics.waiting + analytics.dropped);
await analytics.captureError(new Error('no'), { order: 7 }, 42);
analytics.captureUnhandled();
analytics.traceFetch(['https://api.shop.test']);
await analytics.captureWebVitals(async () => ({}));
console.log(analytics.traceId.length);
await analytics.flush();
await analytics.close({ timeoutMs: 100 });

const live = new LiveClient({ events: ['purchase'], service: 'shop', updates: 'full', key: 'ak_0123456789abcdef_key' });
const hear = ({ detail }: CustomEvent<{ data: any; seq: number; dropped: number }>) => console.log(detail.seq);
live.addEventListener('event', hear);
live.removeEventListener('event', hear);
live.addEventListener('state', ({ detail: { state, since } }) => console.log(state, since?.toFixed()));
live.addEventListener('refused', ({ detail: { code, status } }) => console.log(code, status?.toFixed()));
live.addEventListener('anything', (event) => console.log(event.type));
live.start();
live.subscribe({ events: 'all' });
live.retry();
live.close();

class Mine extends RealtimeDashboard {
  override renderService(service: { name: string }) {
    return service.name;
  }
}
const dashboard = new Mine(document.body, { service: ['shop'] });
dashboard.close();

// @ts-expect-error a status that there is not
analytics.heartbeat('checkout', 'fine');
// @ts-expect-error an outcome has no body
told[0]!.json();
// @ts-expect-error a kind that there is not
analytics.recordMetric('jobs', 2, {}, '', { kind: 'sum' });
// @ts-expect-error a name without a value
analytics.recordMetric('page_load_time');
