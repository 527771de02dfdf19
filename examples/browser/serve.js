// Serves the page of this folder on http://localhost:8080, bundled by esbuild.
//
//   npm run build && node examples/browser/serve.js
//   npm run build && node examples/browser/serve.js demo    (with a server of its own to log in to)
//
//   PORT   another port
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Only this page's own scripts run, and it connects only under TLS. Nothing in the library needs more. */
const POLICY = "default-src 'self'; connect-src https: wss:; img-src data:";

const TYPES = { html: "text/html", css: "text/css", js: "text/javascript" };

/**
 * Serves the page. `alias`: other places of modules, for esbuild. `policy`: another Content-Security-Policy. Resolves
 * with the server once it listens.
 */
export async function serve({ port = 0, alias = {}, policy = POLICY } = {}) {
  const files = new Map();
  for (const name of ["index.html", "style.css"]) {
    files.set(`/${name}`, await readFile(new URL(name, import.meta.url)));
  }
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("client.js", import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    alias,
    // The package as a user has it: the paths of this repository lead to the source for Node.
    tsconfigRaw: {},
  });
  files.set("/client.js", outputFiles[0].contents);
  files.set("/", files.get("/index.html"));
  const server = createServer(({ url }, response) => {
    const path = new URL(url, "http://localhost").pathname;
    const content = files.get(path);
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[path === "/" ? "html" : path.split(".").at(-1)];
    response.writeHead(200, {
      "Content-Type": `${type}; charset=utf-8`,
      "Content-Security-Policy": policy,
    });
    response.end(content);
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, "localhost", resolve);
  });
  return server;
}

async function main() {
  const { port } = (await serve(await settings())).address();
  console.log(`http://localhost:${port}/${query}`);
}

let query = "";

/** With `demo` a server runs beside the page. The page reaches it in clear, as no browser trusts its certificate. */
async function settings() {
  const port = Number(process.env.PORT ?? 8080);
  if (process.argv[2] !== "demo") return { port };
  const { LoopbackServer } = await import("xmpp-broker/testing");
  const users = { juliet: "wherefore", romeo: "but soft" };
  const server = await LoopbackServer.start({ users, http: true, management: {} });
  const url = server.url("ws");
  query = `?${new URLSearchParams({ jid: "juliet@localhost", password: "wherefore", url })}`;
  return { port, policy: POLICY.replace("wss:", "wss: ws://localhost:*") };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
