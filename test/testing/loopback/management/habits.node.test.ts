import { expect, test } from "vitest";
import type { ManagementOptions } from "../../../../src/testing/index.ts";
import { readManagement } from "../../../../src/testing/loopback/management/habits.ts";

const EJABBERD = {
  like: "ejabberd",
  max: 300,
  window: 300_000,
  location: undefined,
  limit: 5000,
  beyond: "end",
  failedTellsH: true,
  asks: true,
  goingBack: "ignore",
  abrupt: false,
  keepsParser: false,
  rebound: "return",
};

const PROSODY = {
  like: "prosody",
  max: 600,
  window: 600_000,
  location: undefined,
  limit: 500,
  beyond: "forget",
  failedTellsH: true,
  asks: true,
  goingBack: "end",
  abrupt: true,
  keepsParser: true,
  rebound: "redeliver",
};

test.each<[ManagementOptions, object]>([
  [{}, EJABBERD],
  [{ like: "ejabberd" }, EJABBERD],
  [{ like: "prosody" }, PROSODY],
  [{ like: undefined, max: undefined }, EJABBERD],
  [
    { like: "prosody", max: undefined, limit: 7 },
    { ...PROSODY, limit: 7 },
  ],
  [{ max: 5 }, { ...EJABBERD, max: 5, window: 5000 }],
  [
    { max: 5, window: 0 },
    { ...EJABBERD, max: 5, window: 0 },
  ],
])("%j are the habits %j", (given, habits) => {
  expect(readManagement("management", given)).toEqual(habits);
});
