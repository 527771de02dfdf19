import { install } from "./installed.ts";

/** Installs the runtimes. One that cannot be installed fails the run. */
export default function setup(): void {
  install();
}
