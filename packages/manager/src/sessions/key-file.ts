/**
 * The key that secrets in the store are encrypted with, in a file that nobody else may read. Managers that start at the same
 * time end with the same key: each writes its own beside it, and only one of those gets the name.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";

const keyLength = 32;
/** Its base64 and a line end. */
const maxFileLength = 64;

/** Stops the start. */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError";
}

/** Reads the key, and makes one where the file is not there. @throws KeyFileError */
export async function readKeyFile(path: string): Promise<Uint8Array> {
  try {
    return (await read(path)) ?? (await create(path));
  } catch (error) {
    if (error instanceof KeyFileError) throw error;
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new KeyFileError(
      `The key file ${path} can neither be read nor made (${code}): see to its folder's permissions.`,
      {
        cause: error,
      },
    );
  }
}

async function create(path: string): Promise<Uint8Array> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const own = `${path}.${randomBytes(8).toString("hex")}`;
  const file = await open(own, "wx", 0o600);
  try {
    await file.writeFile(`${randomBytes(keyLength).toString("base64")}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // A link, unlike a rename, fails where the name is taken.
    await link(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await unlink(own);
  }
  const folder = await open(dirname(path), constants.O_RDONLY);
  await folder.sync().finally(() => folder.close());
  const key = await read(path);
  if (key === undefined) throw new KeyFileError(`The key file ${path} was removed while it was made: start again.`);
  return key;
}

async function read(path: string): Promise<Uint8Array | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOCTTY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { mode, uid, size } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new KeyFileError(`The key file ${path} is not a file.`);
    if ((mode & 0o077) !== 0) {
      throw new KeyFileError(`The key file ${path} may be read or changed by others: chmod 600 ${path}`);
    }
    if (uid !== process.getuid?.() && uid !== 0) {
      throw new KeyFileError(`The key file ${path} belongs to another user: make it this user's own.`);
    }
    const key = size > maxFileLength ? undefined : Buffer.from((await file.readFile("utf8")).trim(), "base64");
    if (key?.length !== keyLength) {
      throw new KeyFileError(
        `The key file ${path} does not hold ${keyLength} bytes in base64: restore it, or remove it and sign in again.`,
      );
    }
    return new Uint8Array(key);
  } finally {
    await file.close();
  }
}
