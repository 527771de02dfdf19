export { type StoreCase, storeCases } from "../stores/conformance.ts";
export type { StorePlace } from "../stores/conformance-cases.ts";
export {
  type Authority,
  type Certificate,
  type CertificateOptions,
  makeAuthority,
  makeCertificate,
} from "./certificate/certificate.ts";
export { Ledger, type LedgerDelivery, type LedgerRule, type Verdict } from "./ledger/ledger.ts";
export type { LoopbackPort } from "./loopback/connection.ts";
export type { Faults, LimitCondition, LoopbackPhase } from "./loopback/faults.ts";
export type { ManagementOptions } from "./loopback/management/habits.ts";
export type { ReceivedElement } from "./loopback/received.ts";
export type { RosterItem, Rosters } from "./loopback/routing/roster.ts";
export type { MechanismName } from "./loopback/sasl/sasl.ts";
export { type LoopbackConnection, type LoopbackPorts, LoopbackServer } from "./loopback/server.ts";
export type { LoopbackOptions, RouterAccount } from "./loopback/server-options.ts";
export type { Cut } from "./peer/pieces.ts";
export { ScriptError } from "./peer/script-error.ts";
export { type PeerLine, ScriptedPeer } from "./peer/scripted-peer.ts";
export type { ScriptedPeerOptions } from "./peer/scripted-peer-options.ts";
export type { CutMoment, CutPlace, Way, XmlPart } from "./relay/cut-place.ts";
export {
  type CutReport,
  CuttingRelay,
  type RelayOptions,
  type RelayTarget,
} from "./relay/cutting-relay.ts";
export type { CutMode } from "./relay/relayed-connection.ts";
