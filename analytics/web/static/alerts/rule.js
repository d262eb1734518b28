// A rule between the form and the service. Pure.

const OPTIONAL = ['for', 'keep_firing_for', 'clear'];

/** The rule of the form's values, on top of the rule as it was, whose other fields stay. */
export function ruleOf(values, before = {}) {
  const rule = { ...before, alert: values.alert.trim(), expr: values.expr.trim() };
  for (const name of OPTIONAL) set(rule, name, values[name].trim());
  rule.labels = { ...before.labels };
  set(rule.labels, 'severity', values.severity.trim());
  rule.annotations = { ...before.annotations };
  set(rule.annotations, 'summary', values.summary.trim());
  for (const name of ['labels', 'annotations']) if (!Object.keys(rule[name]).length) delete rule[name];
  return rule;
}

/** The form's values for a rule of a group. */
export const valuesOf = (group, rule) => ({
  group, alert: rule.alert ?? '', expr: rule.expr ?? '', for: rule.for ?? '', keep_firing_for: rule.keep_firing_for ?? '', clear: rule.clear ?? '', severity: rule.labels?.severity ?? '', summary: rule.annotations?.summary ?? '',
});

/** The body of a group with a rule at a place: replaced, added (place null), or without it (rule null). */
export function withRule(body, place, rule) {
  const rules = [...(body?.rules ?? [])];
  if (rule === null) rules.splice(place, 1);
  else if (place === null) rules.push(rule);
  else rules[place] = rule;
  return { ...body, rules };
}

function set(target, name, value) {
  if (value) target[name] = value;
  else delete target[name];
}
