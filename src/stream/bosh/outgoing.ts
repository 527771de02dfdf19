import type { HeaderAttributes } from "../framing.ts";

/** The most bytes of stanzas in one body; a larger stanza goes alone. */
const MOST = 65_536;

/** Something that has not left yet. */
type Item =
  | { readonly kind: "stanza"; readonly text: string; readonly length: number }
  | { readonly kind: "restart"; readonly attributes: HeaderAttributes }
  | { readonly kind: "terminate" };

/** The content of the next request. */
export interface Load {
  readonly payload: string;
  /** The bytes of the payload, as they were counted when it was written. */
  readonly length: number;
  /** The attributes of our header, where the request restarts the stream. */
  readonly restart: HeaderAttributes | undefined;
  /** True if the request ends the session. */
  readonly isLast: boolean;
}

/** The elements that wait for a request, and the restarts and the end between them. */
export class Outgoing {
  #items: Item[] = [];
  /** True if the end was put behind the items: nothing may follow. */
  #isClosed = false;

  /** True if nothing waits. */
  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** True if the end was put behind the items. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Puts the text of an element at the end. */
  push(text: string, length: number): void {
    this.#items.push({ kind: "stanza", text, length });
  }

  /** Puts a restart of the stream at the end. */
  restart(attributes: HeaderAttributes): void {
    this.#items.push({ kind: "restart", attributes });
  }

  /** Puts the end of the session at the end. */
  close(): void {
    if (!this.#isClosed) this.#items.push({ kind: "terminate" });
    this.#isClosed = true;
  }

  /** True if the next load ends the session. Such a request may go beside as many as the server allows. */
  get isLast(): boolean {
    const { count } = this.#fitting();
    return this.#items[count]?.kind === "terminate";
  }

  /** Takes the content of the next request: a restart alone, else as many elements as fit, and the end behind them. */
  take(): Load {
    const [first] = this.#items;
    if (first?.kind === "restart") {
      this.#items.shift();
      return { payload: "", length: 0, restart: first.attributes, isLast: false };
    }
    const { count, length } = this.#fitting();
    const isLast = this.#items[count]?.kind === "terminate";
    let payload = "";
    for (const item of this.#items.slice(0, count)) {
      if (item.kind === "stanza") payload += item.text;
    }
    this.#items.splice(0, isLast ? count + 1 : count);
    return { payload, length, restart: undefined, isLast };
  }

  /** How many elements go in one body. */
  #fitting(): { readonly count: number; readonly length: number } {
    let count = 0;
    let length = 0;
    for (const item of this.#items) {
      if (item.kind !== "stanza" || (count > 0 && length + item.length > MOST)) break;
      count++;
      length += item.length;
    }
    return { count, length };
  }
}
