import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Page } from "playwright";
import { onTestFinished } from "vitest";
import { type LoopbackOptions, LoopbackServer } from "../../src/testing/index.ts";

/** The domain of the tests. Only the browser knows where it is. */
export const DOMAIN = "capulet.example";

/** The users of the tests. */
export const USERS = { juliet: "wherefore", romeo: "but soft" };

/** A server of the domain, with a WebSocket that its host-meta names. */
export async function serveXmpp(options: LoopbackOptions = {}): Promise<LoopbackServer> {
  const server = await LoopbackServer.start({
    domain: DOMAIN,
    users: USERS,
    http: true,
    ...options,
  });
  onTestFinished(() => server.close());
  return server;
}

/** The ways in which a page may be opened. */
export interface PageOptions {
  /** The domain that is on this machine. Default: that of the tests. */
  readonly domain?: string;
  /** True: the browser has its back-forward cache, as that of a person has. Default `false`. */
  readonly hasCache?: boolean;
}

/** A page of a browser for which a port of this machine is the HTTPS port of the domain, with any certificate. */
export async function openPage(
  https: number | undefined,
  url: string,
  { domain = DOMAIN, hasCache = false }: PageOptions = {},
): Promise<Page> {
  const browser: Browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    // Playwright switches the cache off.
    ignoreDefaultArgs: hasCache ? ["--disable-back-forward-cache"] : [],
    args: [
      "--no-sandbox",
      // The certificate is made by the test. (The context's own option does not reach shared workers.)
      "--ignore-certificate-errors",
      "--disable-gpu",
      "--disable-background-networking",
      `--host-resolver-rules=MAP ${domain}:443 127.0.0.1:${https ?? 0}, MAP ${domain} 127.0.0.1`,
    ],
  });
  onTestFinished(() => browser.close());
  const context = await browser.newContext({
    viewport: { width: 1200, height: 800 },
  });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const HTML = "<!doctype html><title>A program</title><script type=module src=program.js></script>";

/** Opens a page with a program, and waits until it can be run. `policy`: that of `serveFiles`. */
export async function openProgram(
  https: number | undefined,
  code: string,
  { policy, ...options }: PageOptions & { readonly policy?: string | undefined } = {},
): Promise<Page> {
  const url = await serveFiles({ "": HTML, "program.js": code }, policy);
  const page = await openPage(https, url, options);
  await page.waitForFunction("globalThis.run !== undefined");
  return page;
}

/** The policy that an application may have: its own files, and connections under TLS. */
export const POLICY = "default-src 'self'; connect-src https: wss:";

/** Serves files by name on localhost, which browsers take for a safe place. Returns the address of the folder. */
export async function serveFiles(
  files: Readonly<Record<string, string>>,
  policy = POLICY,
): Promise<string> {
  const server: Server = createServer(({ url = "" }, response) => {
    const content = files[url.slice(1)];
    const type = url.endsWith(".js") ? "text/javascript" : "text/html";
    response.writeHead(content === undefined ? 404 : 200, {
      "Content-Type": `${type}; charset=utf-8`,
      "Content-Security-Policy": policy,
    });
    response.end(content ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}
