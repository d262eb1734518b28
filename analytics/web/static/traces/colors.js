// The colour of a service: one of a few, the same for the same set of services. Pure.

export const COLORS = 8;

/** The number of the colour of each service, from 1 on: in the order of their names. */
export const colorsOf = (services) => new Map([...services].sort().map((name, place) => [name, (place % COLORS) + 1]));
