import { type Deferred, deferred, quiet } from "../../base/deferred.ts";
import type { BrokerError } from "../../base/errors.ts";
import type { AckedBy } from "../../contract/delivery.ts";
import { TrackedDelivery } from "./delivery.ts";

/** The store's side of deliveries: it forgets those that are over. */
export interface DeliveryKeeper {
  /** Nothing more happens to the delivery. */
  over(delivery: KeptDelivery): void;
  /** True if the store is to forget the one with this key. */
  isOver(key: string): boolean;
}

/** The delivery of a stanza that a store keeps until it is over. */
export class KeptDelivery extends TrackedDelivery {
  /** `undefined`: its store keeps it for another process. */
  #keeper: DeliveryKeeper | undefined;
  /** `undefined`: it is to be stored. An error: it goes without the store. */
  #kept: true | BrokerError | undefined;
  /** Made when somebody asks. */
  #stored: Deferred<void> | undefined;

  constructor(key: string, keeper: DeliveryKeeper) {
    super(key);
    this.#keeper = keeper;
  }

  override get mayGo(): boolean {
    return this.#kept !== undefined;
  }

  /** True if the store has it. */
  get isKept(): boolean {
    return this.#kept === true;
  }

  override stored(): Promise<void> {
    if (this.#stored === undefined) {
      this.#stored = deferred();
      void quiet(this.#stored.promise);
      this.#tell();
    }
    return this.#stored.promise;
  }

  /** The store has it, or, with an error, did not take it: it may go from now on. */
  keep(failure?: BrokerError): void {
    this.#kept = failure ?? true;
    this.#tell();
  }

  /** Its session goes on in another process, which has the store then: this one takes nothing out of it. */
  leave(): void {
    this.#keeper = undefined;
  }

  override prove(by: AckedBy): void {
    super.prove(by);
    this.#keeper?.over(this);
  }

  override fail(error: BrokerError): void {
    super.fail(error);
    this.#tell();
    this.#keeper?.over(this);
  }

  /** Settles the promise that was asked for, if it can be settled. */
  #tell(): void {
    if (this.#kept === true) this.#stored?.resolve();
    else if (this.#kept !== undefined) this.#stored?.reject(this.#kept);
    else if (this.error !== undefined) this.#stored?.reject(this.error);
  }
}
