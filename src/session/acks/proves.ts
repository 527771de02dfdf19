import type { AckedBy } from "../../contract/delivery.ts";
import type { Instruments } from "../../contract/instruments.ts";
import type { TrackedDelivery } from "../delivery.ts";

/** Proves a delivery and counts that, and tells of nothing; false where it was settled before. */
export function proves(delivery: TrackedDelivery, by: AckedBy, { stats }: Instruments): boolean {
  const { deliveries } = stats;
  // The proof of the server may be read before the system's own report.
  if (delivery.isHanded) {
    delivery.take();
    deliveries.written++;
  }
  if (!delivery.isOpen) return false;
  delivery.prove(by);
  deliveries.acked++;
  return true;
}
