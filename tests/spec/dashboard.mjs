// The live dashboard of the contract, drawn into a container that is no browser's; prints what it drew and heard.
const wanted = process.env.EVENT_SERVICE;

class RealtimeDashboard {
  constructor(containerElement) {
    this.container = containerElement;
    this.ws = new WebSocket(process.env.WS_URL);
    this.data = null;
    this.drawn = { snapshot: 0, dashboard_update: 0 };
    this.notified = [];
    this.ws.onmessage = this.handleMessage.bind(this);
  }

  handleMessage(event) {
    const message = JSON.parse(event.data);
    if (message.type === 'snapshot' || message.type === 'dashboard_update') {
      this.data = message.data;
      this.render();
      this.drawn[message.type] += 1;
      if (this.drawn.dashboard_update === 1 && this.notified.length === 0) this.poke();
    } else if (message.type === 'event') {
      this.showEventNotification(message.data);
    }
  }

  render() {
    const { overview, services, realtime_stats } = this.data;
    this.container.innerHTML = `
      <span>${overview.total_requests.toLocaleString()}</span>
      <span>${overview.active_users}</span>
      <span>${overview.average_latency_ms.toFixed(1)}ms</span>
      <span>${overview.error_rate.toFixed(2)}%</span>
      ${Object.values(services).map((s) => this.renderService(s)).join('')}
      <p>Requests (1min): ${realtime_stats.requests_last_1min}</p>
      <p>Errors (1min): ${realtime_stats.errors_last_1min}</p>
      <ul>${realtime_stats.top_endpoints
        .map((e) => `<li>${e.endpoint}: ${e.count} requests (${e.avg_time_ms.toFixed(1)}ms avg)</li>`)
        .join('')}</ul>`;
  }

  renderService(service) {
    const statusClass = service.status === 'healthy' ? 'healthy' : 'unhealthy';
    return `
      <div class="service ${statusClass}"><h3>${service.name}</h3><span>${service.status}</span>
        <p>Requests: ${service.request_count}</p><p>Errors: ${service.error_count}</p>
        <p>Latency: ${service.avg_latency_ms.toFixed(1)}ms</p><p>Uptime: ${service.uptime_hours.toFixed(1)}h</p>
      </div>`;
  }

  showEventNotification(event) {
    if (event.service === wanted) this.notified.push(event);
  }

  poke() {
    fetch(`${process.env.BASE_URL}/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ type: 'purchase', service: wanted, data: { total: 9.99 } })
    });
  }
}

const container = { innerHTML: '' };
const dashboard = new RealtimeDashboard(container);
const deadline = Date.now() + 10000;
const done = () => dashboard.drawn.dashboard_update >= 1 && dashboard.notified.length > 0;
while (!done() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
dashboard.ws.close();
const { drawn, notified } = dashboard;
console.log(JSON.stringify({ drawn, notified, html: container.innerHTML }));
