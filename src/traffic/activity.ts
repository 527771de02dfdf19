import { activity } from "../negotiate/activity.ts";
import type { Element } from "../xml/element.ts";

/** The session whose server is told, as this needs it. */
export interface ActivityLine {
  /** Writes an element that is no stanza; false where the session has no link. */
  nonza(element: Element): boolean;
}

/**
 * The program's word on whether the client is in use (XEP-0352). Servers take a client for active at first, and forget
 * the word with each connection: so it is told again after each login.
 */
export class Activity {
  #isActive: boolean | undefined;
  #line: ActivityLine | undefined;

  /** A login succeeded; `undefined`: its server does not want to know. */
  begin(line: ActivityLine | undefined): void {
    this.#line = line;
    if (this.#isActive !== undefined) line?.nonza(activity(this.#isActive));
  }

  /** Tells the server now, or after the next login. The word that is in force already is not told again. */
  set(isActive: boolean): void {
    if (isActive === this.#isActive) return;
    this.#isActive = isActive;
    this.#line?.nonza(activity(isActive));
  }
}
