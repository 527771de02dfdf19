import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The folders of programs. The PATH of many users lacks those of system programs. */
const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];

/** The path of a program; `undefined` if it is not installed. */
export function programPath(name: string): string | undefined {
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
