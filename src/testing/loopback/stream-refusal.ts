import { BrokerError } from "../../base/errors.ts";
import { XmlError } from "../../xml/xml-error.ts";

/** Ends a stream with an error (RFC 6120, 4.9.3). */
export class StreamRefusal extends BrokerError {
  override readonly name = "StreamRefusal";
  readonly condition: string;
  readonly text: string | undefined;

  constructor(condition: string, text?: string) {
    super("STREAM_ERROR", condition);
    this.condition = condition;
    this.text = text;
  }
}

/** The stream error for a thrown value; `undefined`: the stream ends in order. */
export function refusalOf(thrown: unknown): StreamRefusal | undefined {
  if (thrown instanceof StreamRefusal) return thrown;
  if (thrown instanceof XmlError) return new StreamRefusal(thrown.condition, thrown.message);
  if (thrown instanceof BrokerError && thrown.code === "DISCONNECTED") return undefined;
  // A defect of this server: a test should see it.
  return new StreamRefusal("internal-server-error", String(thrown));
}
