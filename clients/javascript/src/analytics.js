// The JavaScript client of the Analytics Dashboard Service.

export { AnalyticsClient } from './client.js';
export { LiveClient } from './live.js';
export { RealtimeDashboard } from './dashboard.js';
