import { median, summary } from "../harness/stats.js";

export const OURS = "xmpp-broker";
export const PEER = "@xmpp/client";

/** The columns of the figures of a login. */
export const COLUMNS = {
  cpu: { key: "cpu", label: "CPU ms" },
  time: { key: "time", label: "ms" },
  turns: { key: "turns", label: "round trips", digits: 0 },
  bytes: { key: "bytes", label: "bytes", digits: 0 },
  questions: { key: "questions", label: "questions to DNS", digits: 0 },
  noise: { key: "noise", label: "noise" },
};

/** The cells of a row: the medians of many logins. */
export function figures(passes) {
  const of = (key) => median(passes.map((pass) => pass[key]));
  return {
    cpu: of("cpu"),
    time: of("wall"),
    turns: of("turns"),
    bytes: of("bytes"),
    questions: of("questions"),
    noise: `${(summary(passes.map(({ wall }) => wall)).noise * 100).toFixed(0)} %`,
  };
}
