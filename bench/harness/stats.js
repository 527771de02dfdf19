/** The value below which a share of the values lies; between two it is interpolated. */
export function quantile(values, share) {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values) => quantile(values, 0.5);

/** Median, quiet-machine figure (p10 of the times) and noise (interquartile range over median). */
export function summary(values) {
  const middle = median(values);
  return {
    median: middle,
    quiet: quantile(values, 0.1),
    noise: (quantile(values, 0.75) - quantile(values, 0.25)) / middle,
  };
}
