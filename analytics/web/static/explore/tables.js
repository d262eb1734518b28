// The answer to each kind of question as a table (a head and rows of values, numbers as numbers) and as bars. Pure.

const NONE = '(none)';
const named = (value) => value ?? NONE;

/** Table of an answer: `{head, rows, percents}`, where `percents` are the columns that are shares from 0 to 1. */
export function tableOf(view, answer) {
  return TABLES[answer.question](view, answer);
}

const TABLES = {
  figures(view, answer) {
    const by = [view.by, view.by2].map((name) => name.trim()).filter(Boolean);
    const measure = captionOf(view);
    if (by.length) {
      const rows = answer.groups.map((group) => [...group.values.map(named), group.value]);
      return { head: [...by, measure], rows: [...rows, [...by.map((_, place) => (place ? '' : 'All')), answer.value]], percents: [] };
    }
    if (!answer.times.length) return { head: [measure], rows: [[answer.value]], percents: [] };
    return { head: ['Time (UTC)', measure], rows: answer.times.map((time, place) => [time, answer.points[place]]), percents: [] };
  },
  funnel(view, answer) {
    const filters = view.steps.filter((step) => step.trim());
    const head = [...(view.by ? [view.by] : []), 'Step', 'Users', 'Of the first', 'Of the one before', 'Median seconds'];
    const parts = [...(view.by ? [['All', answer.steps]] : [['', answer.steps]]), ...answer.groups.map((group) => [named(group.values[0]), group.steps])];
    const rows = parts.flatMap(([value, steps]) => steps.map((step, place) => {
      const shares = [share(step.users, steps[0].users), place ? share(step.users, steps[place - 1].users) : null];
      return [...(view.by ? [value] : []), `${place + 1}. ${filters[place]}`, step.users, ...shares, step.median_seconds];
    }));
    const first = view.by ? 3 : 2;
    return { head, rows, percents: [first, first + 1] };
  },
  retention(view, answer) {
    const periods = Math.max(0, ...answer.cohorts.map(({ back }) => back.findLastIndex((users) => users !== null) + 1));
    const numbers = Array.from({ length: periods }, (_, place) => place);
    const head = [`First ${view.cohorts} (UTC)`, 'Users', ...numbers.map((place) => (place ? `+${place}` : `same ${view.cohorts}`))];
    const rows = answer.cohorts.map((cohort) => [cohort.time.slice(0, 10), cohort.users, ...cohort.back.slice(0, periods).map((users) => share(users, cohort.users))]);
    return { head, rows, percents: numbers.map((place) => place + 2) };
  },
};

/** Bars of an answer that has no chart over time: `{label, value, of}`, where the bar is `value` of the longest, `of`. */
export function barsOf(view, answer) {
  return BARS[answer.question](view, answer);
}

const BARS = {
  figures(view, answer) {
    if (answer.times.length > 1) return [];
    const of = Math.max(0, ...answer.groups.map(({ value }) => value ?? 0));
    return answer.groups.map(({ values, value }) => ({ label: values.map(named).join(' · '), value, of }));
  },
  funnel(view, answer) {
    const filters = view.steps.filter((step) => step.trim());
    return answer.steps.map(({ users }, place) => ({ label: filters[place], value: users, of: answer.steps[0].users }));
  },
  /** Of the users of all cohorts for which a period has begun, those who came back in it. */
  retention(view, { cohorts }) {
    const bars = (cohorts[0]?.back ?? []).map((_, place) => {
      const begun = cohorts.filter(({ back }) => back[place] !== null);
      const [value, of] = [({ back }) => back[place], ({ users }) => users].map((part) => begun.reduce((sum, cohort) => sum + part(cohort), 0));
      return { label: place ? `+${place}` : `same ${view.cohorts}`, value, of };
    });
    return bars.filter(({ of }) => of > 0);
  },
};

const MEASURES = { count: 'Events', users: 'Unique users', sum: 'Sum of', avg: 'Average of', min: 'Minimum of', max: 'Maximum of', p50: 'Median of', p90: '90th percentile of', p95: '95th percentile of', p99: '99th percentile of' };

/** What the figures of a view measure. */
export function captionOf(view) {
  const words = MEASURES[view.measure] ?? view.measure;
  return words.endsWith(' of') ? `${words} ${view.field.trim()}` : words;
}

function share(part, whole) {
  return part === null || !whole ? null : part / whole;
}
