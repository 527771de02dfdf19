/** What a TLS handshake settled on. */
export interface TlsFacts {
  /** For example `TLSv1.3`. */
  readonly protocol: string;
  /** The cipher's standard (IANA) name. */
  readonly cipher: string;
  /** The application protocol, if the server selected one. */
  readonly alpn: string | undefined;
}

/** How TLS is used: see `docs/architecture.md`, and design of each dialect for the default. */
export type TlsPolicy = "required" | "direct" | "opportunistic" | "plaintext";
