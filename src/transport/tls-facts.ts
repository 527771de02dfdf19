/** The outcome of a TLS handshake. */
export interface TlsFacts {
  /** The version, for example `TLSv1.3`. */
  readonly protocol: string;
  /** The cipher's standard (IANA) name. */
  readonly cipher: string;
  /** The application protocol, if the server selected one. */
  readonly alpn: string | undefined;
}

/** How far TLS is required. Each dialect has its own default: see `docs/dialects.md`. */
export type TlsPolicy = "required" | "direct" | "opportunistic" | "plaintext";
