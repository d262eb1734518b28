// A small dashboard for any page; subclasses can change how it is drawn.

import { LiveClient } from './live.js';

/**
 * Shows the newest snapshot in a container, and a notification for each event. Data is inserted as text, never as
 * markup. Override `render`, `renderService` or `showEventNotification` to change how it looks.
 */
export class RealtimeDashboard {
  /**
   * @param {Element} containerElement
   * @param {import('./analytics.d.ts').LiveOptions} [options]
   */
  constructor(containerElement, options = {}) {
    this.container = containerElement;
    this.data = null;
    this.live = new LiveClient(options);
    for (const [name, type] of [['snapshot', 'snapshot'], ['update', 'dashboard_update'], ['event', 'event']]) {
      this.live.addEventListener(name, ({ detail }) => this.handleMessage({ type, ...detail }));
    }
    this.live.start();
  }

  /** Stop updating; the content stays. */
  close() {
    this.live.close();
  }

  /** @param {{ type: string, data: any, seq: number }} message */
  handleMessage(message) {
    if (message.type === 'event') {
      this.showEventNotification(message.data);
    } else {
      this.data = message.data;
      this.render();
    }
  }

  render() {
    const { overview, services, realtime_stats: now } = this.data;
    const metric = (value, label) =>
      this.#element('div', 'metric', this.#element('span', 'value', value), this.#element('span', 'label', label));
    this.container.replaceChildren(
      this.#element('div', 'dashboard',
        this.#element('div', 'overview', this.#element('h2', '', 'Overview'),
          this.#element('div', 'metrics',
            metric(overview.total_requests.toLocaleString(), 'Total Requests'),
            metric(overview.active_users, 'Active Users'),
            metric(`${overview.average_latency_ms.toFixed(1)}ms`, 'Avg Latency'),
            metric(`${overview.error_rate.toFixed(2)}%`, 'Error Rate'))),
        this.#element('div', 'services', this.#element('h2', '', 'Services'),
          ...Object.values(services).map((service) => this.renderService(service))),
        this.#element('div', 'realtime', this.#element('h2', '', 'Real-time Activity'),
          this.#element('p', '', `Requests (1min): ${now.requests_last_1min}`),
          this.#element('p', '', `Errors (1min): ${now.errors_last_1min}`),
          this.#element('h3', '', 'Top Endpoints'),
          this.#element('ul', '', ...now.top_endpoints.map((top) =>
            this.#element('li', '', `${top.endpoint}: ${top.count} requests (${top.avg_time_ms.toFixed(1)}ms avg)`))))),
    );
  }

  /**
   * @param {any} service a row of the snapshot
   * @returns {Node | string} content for the row; a string is inserted as text
   */
  renderService(service) {
    return this.#element('div', `service ${service.status === 'healthy' ? 'healthy' : 'unhealthy'}`,
      this.#element('h3', '', service.name),
      this.#element('span', 'status', service.status),
      this.#element('p', '', `Requests: ${service.request_count}`),
      this.#element('p', '', `Errors: ${service.error_count}`),
      this.#element('p', '', `Latency: ${service.avg_latency_ms.toFixed(1)}ms`),
      this.#element('p', '', `Uptime: ${service.uptime_hours.toFixed(1)}h`));
  }

  /** @param {any} event */
  showEventNotification(event) {
    console.log('New event:', event);
  }

  #element(tag, className, ...children) {
    const element = this.container.ownerDocument.createElement(tag);
    if (className) element.className = className;
    element.append(...children.map((child) => (typeof child === 'object' ? child : String(child))));
    return element;
  }
}
