// The alert and the health monitor of the contract, one turn of each loop; prints what they would say.
const said = { alerts: [], unhealthy: [], stale: [] };
const ask = () => fetch(`${process.env.BASE_URL}/dashboard`).then((r) => r.json());

async function watchErrors() {
  const dashboard = await ask();
  if (dashboard.overview.error_rate > 5.0) {
    said.alerts.push({ error_rate: dashboard.overview.error_rate, timestamp: new Date() });
  }
}

async function watchServices() {
  const dashboard = await ask();
  for (const [name, service] of Object.entries(dashboard.services)) {
    if (service.status !== 'healthy') said.unhealthy.push(name);
    const lastHeartbeat = new Date(service.last_heartbeat);
    if (new Date() - lastHeartbeat > 2 * 60 * 1000) said.stale.push(name);
  }
}

await watchErrors();
await watchServices();
console.log(JSON.stringify(said));
