import { request } from "node:https";
import type { Fetch } from "../src/stream/bosh/post.ts";

/** A `fetch` for HTTPS that trusts a certificate authority (PEM) of its own, which Node's cannot. */
export const trusting =
  (ca: string): Fetch =>
  (url, { body, headers, signal }) =>
    new Promise((resolve, reject) => {
      const asked = request(url, { method: "POST", headers, ca, signal }, (response) => {
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
