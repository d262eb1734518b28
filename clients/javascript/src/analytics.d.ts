/** The JavaScript client of the Analytics Dashboard Service. */

export interface Outcome {
  /**
   * `accepted`: counted; `duplicate`: an earlier try had brought it already; `rejected`: refused for good, see `error`;
   * `dropped`: not sent, or its answer no longer waited for (`queue_full`, `closed`, or, for a heartbeat, `superseded` by
   * a newer one).
   */
  status: 'accepted' | 'duplicate' | 'rejected' | 'dropped';
  /** The item's id; null for heartbeats. */
  id: string | null;
  error?: { code: string; message: string; field?: string; status?: number };
}

export interface ClientOptions {
  /**
   * The service; default: what served the script, else the page's origin, else http://localhost:8099. May contain the
   * key: `https://KEY@host`.
   */
  baseUrl?: string;
  /**
   * A key with the scope `ingest`. In a page it must be a browser key, which names the page's origin: everybody can
   * read it. Default: that of `baseUrl`, else none.
   */
  key?: string;
  /** Service of the events and metrics. Default `'frontend'`. */
  service?: string;
  /** Called for each item that found no room in the queue, or was given up by `close`; `dropped` counts them all. */
  onDropped?: (dropped: { dropped: number; reason: string; id: string | null }) => void;
  /**
   * Called for each failed request (`retryIn` ms until the next) and each rejected item (`id`). A key that is not
   * accepted (`status` 401 or 403) is reported once for events, metrics and heartbeats each, until a request succeeds.
   * Without it the first rejection is shown on the console.
   */
  onError?: (problem: { code: string; message: string; status?: number; attempt?: number; retryIn?: number; id?: string | null; field?: string }) => void;
  /** Most items that wait. Default 10,000. */
  maxQueue?: number;
  /** Most items a request, up to 100. */
  batchSize?: number;
  /** How long the first item of a batch waits for others; ms, default 250. */
  flushMs?: number;
  /** How long an answer may take; ms, default 10,000. */
  timeoutMs?: number;
  /** Waits after failures, in ms: the least (0), the first range's end (500), and the greatest (30,000). */
  retry?: { floor?: number; base?: number; cap?: number };
}

/** Numbers are sent as text. */
export type UserId = string | number | null;

export class AnalyticsClient {
  constructor(options?: ClientOptions);
  readonly baseUrl: string;
  /** Items without an outcome yet. */
  readonly waiting: number;
  readonly dropped: number;
  /** The trace of this page or program, 32 hexadecimal digits: captured errors and traced requests carry it. */
  traceId: string;
  trackEvent(type: string, data?: object | null, userId?: UserId): Promise<Outcome>;
  trackPageView(page: string, userId?: UserId): Promise<Outcome>;
  trackPurchase(orderId: string, total: number, userId?: UserId): Promise<Outcome>;
  /** Tracks an error that the program has handled, as an event of the type `error`. */
  captureError(error: unknown, data?: object, userId?: UserId): Promise<Outcome>;
  /** Tracks errors that nobody handles, and promises that are rejected without a handler; until `close`. */
  captureUnhandled(): void;
  /**
   * Records LCP, INP and CLS of this page as metrics, measured by the npm package `web-vitals`; `load` imports it where
   * `import('web-vitals')` cannot. A failure is reported to `onError`.
   */
  captureWebVitals(load?: () => Promise<object>): Promise<void>;
  /** Adds `traceparent` to the requests of `fetch` to these origins (default: that of the page); until `close`. */
  traceFetch(origins?: string[]): void;
  /**
   * Records a number; up to 32 tags, of which `service` is one.
   * `kind`: what values of this name are: the value now (gauge, the default), what was added since the last one
   * (counter), or one observation (histogram). `instance`: name of this replica, which has series of its own.
   */
  recordMetric(
    name: string,
    value: number,
    tags?: Record<string, string>,
    unit?: string,
    more?: { kind?: 'gauge' | 'counter' | 'histogram'; instance?: string },
  ): Promise<Outcome>;
  heartbeat(
    service: string,
    status: 'healthy' | 'degraded' | 'unhealthy' | 'maintenance',
    metrics?: object,
    more?: { instance?: string; interval?: number; grace?: number; message?: string },
  ): Promise<Outcome>;
  /** Send what waits now; resolves when all of it has its outcome. */
  flush(): Promise<void>;
  /** Send what waits for at most `timeoutMs` (default 5,000), then drop the rest, and end. */
  close(options?: { timeoutMs?: number }): Promise<void>;
}

export interface LiveOptions {
  /**
   * The service; default: what served the script, else the page's origin, else http://localhost:8099. May contain the
   * key: `https://KEY@host`.
   */
  baseUrl?: string;
  /**
   * A key with the scope `read`, for programs; default: that of `baseUrl`, else none. It is exchanged for a ticket before
   * each connection. Never put it into a page: everybody could read it there, and so all data.
   */
  key?: string;
  /** `'all'` (default), `'none'`, or the event types wanted. */
  events?: string | string[];
  /** Events of these services only. */
  service?: string | string[];
  /** How updates come over the wire; listeners always get whole snapshots. Default `'patch'`. */
  updates?: 'full' | 'patch';
  /** A connection is considered dead after this many ms without a message; default 5000. */
  silenceMs?: number;
  /** Waits before reconnecting, in ms: the least, the first range's end, and the greatest. */
  retry?: { floor?: number; base?: number; cap?: number };
  /** What to connect with where there is no global one (Node.js 20 without --experimental-websocket). */
  WebSocket?: new (url: string) => unknown;
}

export interface LiveState {
  state: 'connecting' | 'live' | 'reconnecting' | 'closed';
  /** ms until the next attempt, counted from this event; null while none waits. */
  retryIn: number | null;
  /** Failed attempts since the line was last live. */
  attempt: number;
  /** While not live: when the last message came, so since when `data` is stale, in ms since the epoch; null before any. */
  since: number | null;
}

export interface LiveEvents {
  /** After each connect; `gap`: events were missed for good. */
  snapshot: CustomEvent<{ data: any; seq: number; gap: boolean; dropped: number }>;
  /** Each second; `data` is the whole snapshot. */
  update: CustomEvent<{ data: any; seq: number; dropped: number }>;
  /** An event as it happened; `dropped` more were lost before it because this client was too slow. */
  event: CustomEvent<{ data: any; seq: number; dropped: number }>;
  state: CustomEvent<LiveState>;
  /** The service did not understand a subscription, or did not accept the key (`status` 401 or 403; dispatched once). */
  refused: CustomEvent<{ code: string; message: string; fields: Record<string, string[]>; status?: number }>;
}

export class LiveClient extends EventTarget {
  constructor(options?: LiveOptions);
  readonly state: LiveState;
  data: any;
  seq: number | null;
  start(): void;
  subscribe(options: Pick<LiveOptions, 'events' | 'service' | 'updates'>): void;
  /** Tries again now, where it waits to reconnect. */
  retry(): void;
  close(): void;
  addEventListener<K extends keyof LiveEvents>(type: K, listener: (event: LiveEvents[K]) => void, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: AddEventListenerOptions | boolean): void;
  removeEventListener<K extends keyof LiveEvents>(type: K, listener: (event: LiveEvents[K]) => void, options?: EventListenerOptions | boolean): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: EventListenerOptions | boolean): void;
}

export class RealtimeDashboard {
  constructor(containerElement: Element, options?: LiveOptions);
  container: Element;
  data: any;
  live: LiveClient;
  handleMessage(message: { type: 'snapshot' | 'dashboard_update' | 'event'; data: any; seq: number }): void;
  render(): void;
  renderService(service: any): Node | string;
  showEventNotification(event: any): void;
  close(): void;
}
