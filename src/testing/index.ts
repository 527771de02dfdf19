export {
  type Authority,
  type Certificate,
  type CertificateOptions,
  makeAuthority,
  makeCertificate,
} from "./certificate.ts";
