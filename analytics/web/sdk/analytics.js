// The JavaScript client of the Analytics Dashboard Service.

export { LiveClient } from './live.js';
export { RealtimeDashboard } from './dashboard.js';
