// The browser client of the contract: page views, purchases and metrics; prints each answer.
class AnalyticsClient {
  constructor() {
    this.baseUrl = process.env.BASE_URL;
  }

  async send(path, payload) {
    return fetch(`${this.baseUrl}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(payload)
    });
  }

  async trackEvent(type, data, userId = null) {
    return this.send('/events', { type, service: 'frontend', user_id: userId, data });
  }

  async trackPageView(page, userId) {
    return this.trackEvent('page_view', { page }, userId);
  }

  async trackPurchase(orderId, total, userId) {
    return this.trackEvent('purchase', { order_id: orderId, total, currency: 'USD' }, userId);
  }

  async recordMetric(name, value, tags = {}) {
    return this.send('/metrics', { name, value, unit: 'ms', tags: { service: 'frontend', ...tags } });
  }
}

const analytics = new AnalyticsClient();
const user = process.env.USER_ID;
const answers = [
  await analytics.trackPageView('/products', user),
  await analytics.trackPurchase('ORDER-456', 99.99, user),
  await analytics.recordMetric('page_load_time', 1250, { page: '/products' }),
  await analytics.trackEvent('visual_search', { image_size: 12345, results_count: 3, top_similarity: 0.93 }, user),
  await analytics.trackEvent('points_awarded', { points: 10, action: 'purchase', level_up: false }, user),
  await analytics.trackEvent('search', { query: 'mug', results_count: 4, autocomplete_used: true }, user),
  await analytics.trackEvent('inventory_update', { product_id: 'P', warehouse: 'lyon', change: -1, new_quantity: 9 }),
  await analytics.trackEvent('undefined_fields', { points: undefined }, undefined)
];
console.log(JSON.stringify(await Promise.all(answers.map(async (r) => ({ status: r.status, body: await r.json() })))));
