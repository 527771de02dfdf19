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
  lost: "lost",
};

/** The rules that hold wherever the sender may be cut, and the receiver may not. */
const EVERYWHERE = ["falseAcked", "falseFailed", "notFinal", "doubled", "foreign"];

/** A check that a count of faults is 0. It is missed where nothing was checked. */
export const noneOf = (what, count, all) => ({
  what,
  value: `${count} of ${all}`,
  target: "0",
  met: count === 0 && all > 0,
});

/** A check for each rule of the ledger. `of` begins the names. */
export function verdictChecks(verdict, rules = EVERYWHERE, of = "") {
  const { sent = 0, states } = verdict;
  return rules.map((rule) => {
    const all = rule === "falseAcked" ? (states.acked ?? 0) : sent;
    return noneOf(`${of}${RULES[rule]}`, verdict[rule] ?? 0, all);
  });
}
