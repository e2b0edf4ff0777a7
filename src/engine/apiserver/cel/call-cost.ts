/** What Kubernetes counts for a pass over text or bytes: a tenth of a step for each. */
export const scanCost = (size: number): number => Math.ceil(size * 0.1);

/** Comparing looks at no more than the shorter of the two. */
export const compareCost = (a: number, b: number): number => Math.max(1, scanCost(Math.min(a, b)));

/** A regular expression of linear time: by the lengths of the text and of the expression. */
export const regexCost = (text: number, expression: number): number => Math.max(1, scanCost(text + 1) * Math.ceil(expression * 0.25));
