import { makeAuthority, makeCertificate } from "../../src/testing/certificate/certificate.ts";
import { CLIENT_DOMAINS, SERVICE_DOMAINS } from "./server.ts";
import type { Workspace } from "./workspace.ts";

/** The certificate files of one server, and what its clients need. */
export interface CertificateFiles {
  /** The authority (PEM) to trust. */
  readonly ca: string;
  /** Paths: the authority, the server's certificate, its key, and all three in one file. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly bundleFile: string;
  /** Makes a client certificate for SASL EXTERNAL, saying the address it is for (RFC 6120, 13.7.1.4). */
  clientCertificate(jid: string): { readonly cert: string; readonly key: string };
}

/** Makes an authority and a server certificate for all domains of the tests. */
export function writeCertificates(workspace: Workspace): CertificateFiles {
  const authority = makeAuthority();
  const names = ["localhost", "127.0.0.1", ...Object.values(CLIENT_DOMAINS), ...SERVICE_DOMAINS];
  const { cert, key, ca } = makeCertificate({ names, authority });
  return {
    ca,
    caFile: workspace.write("certs/ca.crt", ca),
    certFile: workspace.write("certs/server.crt", cert),
    keyFile: workspace.write("certs/server.key", key),
    bundleFile: workspace.write("certs/server.pem", cert + ca + key),
    clientCertificate(jid) {
      const client = makeCertificate({ names: [jid], authority });
      return { cert: client.cert, key: client.key };
    },
  };
}
