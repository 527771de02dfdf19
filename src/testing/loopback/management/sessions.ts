import { randomBytes } from "node:crypto";
import type { Client } from "./client.ts";

/** How many sessions that are over are remembered, to tell their `h`. */
const REMEMBERED = 100;

/** The sessions of a server that can be resumed (XEP-0198, 5), by their ids. */
export class Sessions {
  readonly #clients = new Map<string, Client>();
  /** The `h` of sessions whose window has passed, the oldest first. */
  readonly #counts = new Map<string, number>();

  /** An id that cannot be guessed. */
  newId(): string {
    return randomBytes(12).toString("base64url");
  }

  /** Adds a client whose session can be resumed. */
  add(client: Client): void {
    if (client.id !== undefined) this.#clients.set(client.id, client);
  }

  /** The client with that session, if it is of that account. */
  find(id: string, account: string): Client | undefined {
    const client = this.#clients.get(id);
    return client?.jid.bare === account ? client : undefined;
  }

  /** The `h` of a session whose window has passed. It is told once. */
  takeCount(id: string): number | undefined {
    const count = this.#counts.get(id);
    this.#counts.delete(id);
    return count;
  }

  /** A client is over. */
  ended({ id, handled }: Client, expired: boolean): void {
    if (id === undefined) return;
    this.#clients.delete(id);
    if (!expired) return;
    this.#counts.set(id, handled);
    if (this.#counts.size <= REMEMBERED) return;
    for (const oldest of this.#counts.keys()) {
      this.#counts.delete(oldest);
      return;
    }
  }

  /** Ends all sessions that wait. */
  close(): void {
    for (const client of this.#clients.values()) client.end();
  }
}
