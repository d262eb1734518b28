/** The JavaScript client of the Analytics Dashboard Service. */

export interface LiveOptions {
  /** The service; default: what served the script, else the page's origin, else http://localhost:8099. */
  baseUrl?: string;
  /** `'all'` (default), `'none'`, or the event types wanted. */
  events?: string | string[];
  /** Events of these services only. */
  service?: string | string[];
  /** How updates come over the wire; listeners always get whole snapshots. Default `'patch'`. */
  updates?: 'full' | 'patch';
  /** A line without a message for so long is taken for dead; ms, default 5000. */
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
  /** The service did not understand a subscription. */
  refused: CustomEvent<{ code: string; message: string; fields: Record<string, string[]> }>;
}

export class LiveClient extends EventTarget {
  constructor(options?: LiveOptions);
  readonly state: LiveState;
  data: any;
  seq: number | null;
  start(): void;
  subscribe(options: Pick<LiveOptions, 'events' | 'service' | 'updates'>): void;
  close(): void;
  addEventListener<K extends keyof LiveEvents>(type: K, listener: (event: LiveEvents[K]) => void, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: AddEventListenerOptions | boolean): void;
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
