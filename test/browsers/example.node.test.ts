import { mkdirSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import type { Page } from "playwright";
import { describe, expect, onTestFinished, test } from "vitest";
import type { LoopbackServer } from "../../src/testing/index.ts";
import { locate } from "../docs/document.ts";
import { openPage, serveXmpp } from "./chromium.ts";

/** Screenshots are written here, for a person to look at. */
const OUTPUT = locate("test/browsers/output/").pathname;

interface Example {
  serve(options: { alias: Record<string, string> }): Promise<Server>;
}

/** The page of `examples/browser`, as its own server serves it, policy included. */
async function openExample(server: LoopbackServer, query = ""): Promise<Page> {
  const example = (await import(locate("examples/browser/serve.js").pathname)) as Example;
  const pages = await example.serve({ alias: { "xmpp-broker": locate("src/index.ts").pathname } });
  onTestFinished(() => {
    pages.close();
  });
  const { port } = pages.address() as AddressInfo;
  const page = await openPage(server.ports.https, `http://localhost:${port}/${query}`);
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (line) => {
    if (line.text().includes("Content Security Policy")) problems.push(line.text());
  });
  onTestFinished(() => {
    expect(problems).toEqual([]);
  });
  return page;
}

const JULIET = "juliet@capulet.example/balcony";

async function logIn(page: Page, password: string, jid = JULIET): Promise<void> {
  await page.getByLabel("Address").fill(jid);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(OUTPUT, { recursive: true });
  await page.screenshot({ path: `${OUTPUT}${name}.png` });
}

const phase = (page: Page): Promise<string | null> =>
  page.locator("#phase").getAttribute("data-phase");

test("a person logs in by an address and a password, writes, and sees what comes", async () => {
  const server = await serveXmpp({ management: {} });
  const page = await openExample(server);
  await screenshot(page, "1-form");
  await logIn(page, "wherefore");
  await expect.poll(() => phase(page)).toBe("ready");
  const wire = await page.locator("#wire").innerText();
  for (const part of [
    "<open ",
    "<mechanisms ",
    "SCRAM-SHA-512",
    "<bind ",
    "<enabled ",
    "-- ready",
  ]) {
    expect(wire).toContain(part);
  }
  expect(wire).not.toContain("wherefore");
  await page.getByLabel("Message", { exact: true }).fill("Wherefore art thou? ❤ <b>");
  await page.getByRole("button", { name: "Send" }).click();
  await expect
    .poll(() => page.locator("#talk .in").allInnerTexts())
    .toEqual(["Wherefore art thou? ❤ <b>\njuliet@capulet.example/balcony"]);
  await expect.poll(() => page.locator("#talk .out small").innerText()).toBe("acked");
  await screenshot(page, "2-ready");
  server.faults.cut();
  await expect.poll(() => page.locator("#wire").innerText()).toContain("<resumed ");
  await expect.poll(() => phase(page)).toBe("ready");
  await screenshot(page, "3-resumed");
  await page.getByRole("button", { name: "Leave" }).click();
  await expect.poll(() => phase(page)).toBe("idle");
  expect(server.connections).toEqual([]);
});

test("a password that is refused is shown as such", async () => {
  const page = await openExample(await serveXmpp());
  await logIn(page, "nothing of mine");
  await expect.poll(() => page.locator("#phase").innerText()).toContain("AUTH_FAILED");
  await screenshot(page, "4-refused");
});

/** The long names of a person, of a resource, and of a word that has no place to break. */
const LONG = "juliet".repeat(15);
const LONG_JID = `${LONG}@capulet.example/${"a balcony in verona, ".repeat(8)}`;

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  test("each state of the page fits into narrow and wide windows", async () => {
    const server = await serveXmpp({ users: { [LONG]: "wherefore" } });
    const page = await openExample(server);
    await page.emulateMedia({ colorScheme });

    /** Looks at the page in each width. Nothing may be wider than the window, or behind its edge. */
    async function look(state: string): Promise<void> {
      for (const width of [1280, 400, 320]) {
        await page.setViewportSize({ width, height: 900 });
        await screenshot(page, `${state}-${width}-${colorScheme}`);
        expect([state, width, await page.evaluate(WIDEST)]).toEqual([state, width, []]);
      }
    }

    await look("form");
    await logIn(page, "nothing of hers", LONG_JID);
    await expect.poll(() => page.locator("#phase").innerText()).toContain("AUTH_FAILED");
    await look("refused");
    await logIn(page, "wherefore", "juliet@nowhere.invalid");
    await expect.poll(() => page.locator("#phase").innerText()).toContain("LOOKUP_FAILED");
    await look("not-found");
    await logIn(page, "wherefore", LONG_JID);
    await expect.poll(() => phase(page)).toBe("ready");
    for (const text of ["Wherefore art thou?", LONG.repeat(3)]) {
      await page.getByLabel("Message", { exact: true }).fill(text);
      await page.getByRole("button", { name: "Send" }).click();
    }
    await expect.poll(() => page.locator("#talk .in").count()).toBe(2);
    await look("ready");
  });
});

/** Gives the elements that are wider than the window, or whose text is wider than themselves. */
const WIDEST = `[...document.querySelectorAll("body, body *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth ||
    (each.localName !== "input" && each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== "inline"))
  .map((each) => each.localName + (each.id && "#" + each.id))`;
