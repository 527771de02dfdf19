import { BrokerError } from "../base/errors.ts";
import type { Instruments } from "../contract/instruments.ts";
import type { Dialect, Inbound } from "../dialect/dialect.ts";
import { type Element, isElement } from "../xml/element.ts";

/** The stanza inside an element; a dialect that fails at it loses that one, not the stream. */
export function takeApart(
  element: Element,
  dialect: Dialect,
  instruments: Instruments,
): Inbound | undefined {
  if (dialect.inbound === undefined) return { stanza: element };
  try {
    const taken = dialect.inbound(element);
    if (taken === undefined || isElement(taken.stanza)) return taken;
    throw new BrokerError("HANDLER_FAILED", "the dialect took out something that is no stanza");
  } catch (thrown) {
    const error = new BrokerError("HANDLER_FAILED", `of ${dialect.name}`, { cause: thrown });
    instruments.failed(error, "dialect.inbound");
    return undefined;
  }
}
