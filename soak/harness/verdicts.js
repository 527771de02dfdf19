/** The sum of the verdicts of several ledgers. */
export function total(verdicts) {
  const sum = { states: {} };
  for (const verdict of verdicts) {
    for (const [key, value] of Object.entries(verdict)) {
      if (typeof value === "number") sum[key] = (sum[key] ?? 0) + value;
    }
    for (const [state, count] of Object.entries(verdict.states)) {
      sum.states[state] = (sum.states[state] ?? 0) + count;
    }
  }
  return sum;
}

const RULES = {
  falseAcked: "called acked, never arrived",
  falseFailed: "called failed or expired, arrived",
  notFinal: "without a final state",
  doubled: "arrived twice",
  foreign: "arrived, never sent",
};

/** A check for each rule of the ledger, and what it was of. */
export function verdictChecks(verdict, rules = Object.keys(RULES)) {
  const { sent, states } = verdict;
  return rules.map((rule) => ({
    what: RULES[rule],
    value: `${verdict[rule]} of ${rule === "falseAcked" ? states.acked : sent}`,
    target: "0",
    met: verdict[rule] === 0,
  }));
}
