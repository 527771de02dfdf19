/** A host, in the form that sockets, SNI and certificates compare. */
export type Host =
  | {
      readonly kind: "name";
      /** A-labels in lower case, without the root's dot. */
      readonly name: string;
    }
  | {
      readonly kind: "address";
      /** IPv4 in dotted decimals, or IPv6 in its shortest form, without brackets and zone. */
      readonly address: string;
    };

const LONGEST_NAME = 253;
const LABEL = /^(?!-)[a-z\d_-]{1,63}(?<!-)$/;
/** The spellings of a number in the last label: a name that ends so is read as an IPv4 address by many. */
const NUMBER = /^(?:\d+|0x[\da-f]*)$/;
/** Characters that end a host in a URL, that a URL drops in silence, or that it decodes. */
const NOT_IN_HOST = /[\s\p{Cc}/\\?#@%:[\]]/u;
const ASCII = /^[!-~]*$/;
const IPV6 = /^[\da-f]*:[\da-f:.]+$/i;
const ZONE = /%[^\s\p{Cc}/\\@%[\]]+$/u;

/**
 * Reads a host: a name of letters, digits, hyphens and underscores (RFC 1123, 2.1; U-labels are mapped by
 * UTS 46), or an IP address. Returns `undefined` for anything else, other spellings of IPv4 included:
 * `2130706433`, `0x7f.1` and `127.1` are neither names nor addresses here.
 */
export function readHost(text: string): Host | undefined {
  const bare = withoutBrackets(text);
  if (bare.includes(":")) return ipv6(bare);
  if (bare !== text || NOT_IN_HOST.test(text)) return undefined;
  const ascii = toAscii(text);
  if (ascii === undefined) return undefined;
  const name = ascii.endsWith(".") ? ascii.slice(0, -1) : ascii;
  const labels = name.split(".");
  if (NUMBER.test(labels.at(-1) ?? "")) {
    return text === name && isIpv4(labels) ? { kind: "address", address: name } : undefined;
  }
  const fits = name.length <= LONGEST_NAME && labels.every((label) => LABEL.test(label));
  return fits ? { kind: "name", name } : undefined;
}

/** A host as sockets take it: an IPv6 address without its brackets. */
export function withoutBrackets(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

function ipv6(text: string): Host | undefined {
  const address = text.replace(ZONE, "");
  const url = `http://[${address}]`;
  if (!IPV6.test(address) || !URL.canParse(url)) return undefined;
  return { kind: "address", address: new URL(url).hostname.slice(1, -1) };
}

function isIpv4(labels: readonly string[]): boolean {
  return labels.length === 4 && labels.every((label) => Number(label) < 256 && isDecimal(label));
}

/** Leading zeros would make it octal for some readers. */
function isDecimal(label: string): boolean {
  return String(Number(label)) === label;
}

/** A name in A-labels. A URL's host is mapped in the same way on every runtime. */
function toAscii(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (ASCII.test(lower)) return lower;
  const url = `http://${name}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
