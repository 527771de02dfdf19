import { request } from "node:https";
import type { LookupFunction } from "node:net";
import type { Fetch } from "../src/stream/bosh/post.ts";

/**
 * A `fetch` for HTTPS that trusts a certificate authority (PEM) of its own, which Node's cannot. Every name leads to
 * this machine: the servers of the tests know only their own.
 */
export const trusting =
  (ca: string): Fetch =>
  (url, { body, headers, signal }) =>
    new Promise((resolve, reject) => {
      const options = { method: "POST", headers, ca, signal, lookup: here };
      const asked = request(url, options, (response) => {
        const content = new ReadableStream<Uint8Array>({
          start(controller) {
            response.on("data", (bytes: Uint8Array) => {
              controller.enqueue(bytes);
            });
            response.on("end", () => {
              controller.close();
            });
            response.on("error", (error) => {
              controller.error(error);
            });
          },
        });
        resolve(new Response(content, { status: response.statusCode ?? 500 }));
      });
      asked.on("error", reject);
      asked.end(body);
    });

const here: LookupFunction = (_name, { all }, found) => {
  if (all === true) found(null, [{ address: "127.0.0.1", family: 4 }]);
  else found(null, "127.0.0.1", 4);
};
