import { BrokerError } from "../base/errors.ts";
import type { Element } from "../xml/element.ts";

/** The error for an element out of place: `<presence> came in answer to <starttls>`. */
export function unexpected({ name }: Element, where: string): BrokerError {
  return new BrokerError("PROTOCOL_ERROR", `<${name}> came ${where}`);
}
