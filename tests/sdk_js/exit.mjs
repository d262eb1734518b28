// Tracks one event and ends; the first argument is the address of the service.
import { AnalyticsClient } from '../../analytics/web/sdk/analytics.js';

const client = new AnalyticsClient({ baseUrl: process.argv[2], service: 'job' });
client.trackEvent('job_done', { half: 'a\ud83d'.slice(0, 2) });
