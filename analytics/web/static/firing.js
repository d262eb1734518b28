// Alerts that fire: their names, how bad they are, and what to do. Pure.

const MINOR = ['ticket', 'warning', 'info', 'none'];

/** Whether an alert fires now. */
export const isFiring = (alert) => alert.fired_at !== null && alert.ended_at === null;

/** A name for an alert: its own, and what it is about. */
export const nameOf = ({ labels }) => [labels.alertname, labels.service ?? labels.instance ?? labels.slo].filter(Boolean).join(' · ');

/** The severity as one of the page's states: tickets and below are warnings. */
export const severityState = (labels) => (MINOR.includes(labels.severity) ? 'warn' : 'bad');

/** The address of the page that says what to do; null without one. */
export const runbookOf = ({ annotations }) => (/^https?:\/\//i.test(annotations.runbook_url ?? '') ? annotations.runbook_url : null);

/** Order of alerts: the severe ones first, and then the newest. */
export const worstFirst = (a, b) => severityState(a.labels).localeCompare(severityState(b.labels)) || b.fired_at.localeCompare(a.fired_at);
