// Tracks one event and has nothing more to do; the service is at the address in its first argument.
import { AnalyticsClient } from '../../analytics/web/sdk/analytics.js';

const client = new AnalyticsClient({ baseUrl: process.argv[2], service: 'job' });
client.trackEvent('job_done', { half: 'a\ud83d'.slice(0, 2) });
