import type { MEANINGS } from "../../src/base/error-codes.ts";
import { type Course, POLICY, type PolicyRow } from "../../src/broker/reconnect-policy.ts";
import { code, table } from "./print.ts";

/** Prints the policy for `docs/reconnecting.md`. */
export function printPolicy(): string {
  const rows = POLICY.map((row) => [ends(row), place(row), ...courses(row)]);
  return table(
    ["what ended the connection", "when", "in a run never ready", "once it was ready"],
    rows,
  );
}

function ends({ codes, conditions, retryable }: PolicyRow): string {
  const passes = retryable === undefined ? "" : retryable ? ", retryable" : ", not retryable";
  const errors = codes.map(linked).join(", ") + (codes.length > 0 ? passes : "");
  const streams = conditions.map(code).join(", ");
  if (codes.length + conditions.length === 0) return `anything else${passes}`;
  if (codes.includes("STREAM_ERROR")) return `${errors} with any other condition`;
  const parts = [errors, streams === "" ? "" : `a stream error ${streams}`];
  return parts.filter((part) => part !== "").join("; ");
}

function linked(name: keyof typeof MEANINGS): string {
  return `[${code(name)}](errors.md#${name.toLowerCase()})`;
}

function place({ at, soonAfter }: PolicyRow): string {
  if (at === undefined) return "";
  const soon = soonAfter === undefined ? "" : `, within ${minutes(soonAfter)} of the last end`;
  const places = { login: "logging in", resume: "asking for an old session", ready: "ready" };
  return places[at] + soon;
}

function courses({ before, after, repeated, at, isFresh }: PolicyRow): [string, string] {
  const later = [said(after)];
  if (repeated !== undefined) {
    const { times, within, course, isFresh: endsSession } = repeated;
    const when = within === undefined ? "in a row" : `within ${minutes(within)}`;
    const next = endsSession === true ? `${said(course)}, with a fresh session` : said(course);
    later.push(`the ${times === 2 ? "second" : "third"} ${when}: ${next}`);
  }
  if (isFresh) later.push("a fresh session");
  const isLater = at === "ready" || at === "resume";
  return [isLater ? "" : said(before), later.join("; ")];
}

function said(course: Course): string {
  switch (course.kind) {
    case "stop":
      return "stop";
    case "follow":
      return `go there, ${course.hops} times at most; then back off`;
    case "every":
      return `again after ${minutes(course.wait)}`;
    case "back off": {
      const words = ["back off"];
      if (course.up > 0) words.push(`${course.up} doublings higher`);
      if (Number.isFinite(course.first)) words.push(`at first within ${minutes(course.first)}`);
      if (Number.isFinite(course.most)) words.push(`${minutes(course.most)} at most`);
      return words.join(", ");
    }
  }
}

function minutes(milliseconds: number): string {
  return milliseconds % 60_000 === 0 ? `${milliseconds / 60_000} min` : `${milliseconds / 1000} s`;
}
