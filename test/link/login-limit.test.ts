import { expect, test } from "vitest";
import { LoginLimit } from "../../src/link/login-limit.ts";

test("eight logins to one server go at a time, the others in order", () => {
  const limit = new LoginLimit();
  const begun: number[] = [];
  const leave = Array.from({ length: 12 }, (_, index) =>
    limit.enter("example.org:5222", () => {
      begun.push(index);
    }),
  );
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  leave[3]?.();
  leave[3]?.();
  expect(begun.slice(8)).toEqual([8]);
  // One that gives up leaves the queue.
  leave[9]?.();
  leave[0]?.();
  expect(begun.slice(8)).toEqual([8, 10]);
  for (const each of leave) each();
  expect(begun.slice(8)).toEqual([8, 10, 11]);
  expect(limit.size).toBe(0);
});

test("another server has places of its own", () => {
  const limit = new LoginLimit();
  let begun = 0;
  for (let index = 0; index < 20; index++) limit.enter(`h${index % 2}:1`, () => begun++);
  expect(begun).toBe(16);
});
