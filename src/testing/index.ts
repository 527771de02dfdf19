export {
  type Authority,
  type Certificate,
  type CertificateOptions,
  makeAuthority,
  makeCertificate,
} from "./certificate.ts";
export type { Faults, LoopbackPhase } from "./faults.ts";
export type { MechanismName } from "./sasl.ts";
export { type LoopbackPorts, LoopbackServer } from "./server.ts";
export type { LoopbackOptions, RouterAccount } from "./server-options.ts";
