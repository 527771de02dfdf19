import { spawnSync } from "node:child_process";

/** True if this machine has Perl with XML::LibXML. */
export const available = () =>
  spawnSync("perl", ["-MXML::LibXML", "-MJSON::PP", "-e", "1"]).status === 0;
