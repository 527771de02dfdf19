import { expect, test } from "vitest";
import { parse } from "../../src/xml.ts";

test("elements of the XML entry have their find", () => {
  expect(parse("<a><b c='1'/></a>").find("b/@c")).toMatchObject([{ value: "1" }]);
});
