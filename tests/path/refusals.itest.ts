import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { localArguments, startLocalProgram } from './local-program.ts';
import { Program } from './program.ts';

describe('what keeps the program from starting is said in one sentence, with what to do', () => {
  const dir = mkdtempSync(join(tmpdir(), 'refusals-'));
  const usedFolder = join(dir, 'used');
  let holder: Server;
  let takenPort: number;

  before(async () => {
    holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const address = holder.address();
    takenPort = typeof address === 'object' && address !== null ? address.port : 0;
  });
  after(() => {
    holder.close();
    rmSync(dir, { recursive: true });
  });

  for (const option of ['--kafka-port', '--http-port', '--management-port']) {
    it(`the port of ${option} is taken`, async () => {
      const folder = join(dir, `for${option}`);
      const said = await refusalOf([...localArguments(folder), option, String(takenPort)]);
      assert.match(
        said,
        new RegExp(`Port ${takenPort} .*taken by another program.*choose another`),
      );
    });
  }

  it('the data folder is in use', async () => {
    const local = await startLocalProgram(usedFolder);
    await using program = local.program;
    const said = await refusalOf(localArguments(usedFolder));
    assert.match(
      said,
      new RegExp(`${usedFolder}.* is in use by process ${program.pid}; stop that`),
    );
    assert.equal((await program.stop()).code, 0);
  });

  it('the data folder is a file', async () => {
    const folder = join(dir, 'a-file');
    writeFileSync(folder, '');
    assert.match(await refusalOf(localArguments(folder)), new RegExp(`${folder}.*choose another`));
  });

  it('the data folder, or the one that it would be made in, may not be used', async () => {
    const closed = join(dir, 'closed');
    mkdirSync(closed);
    for (const folder of [closed, join(closed, 'data')]) {
      assert.match(
        await refusalWhileClosed(closed, localArguments(folder)),
        new RegExp(`${folder}/broker cannot be used: EACCES.* Check its permissions, or choose`),
      );
    }
  });

  for (const [file, said] of [
    ['broker/format.json', /EACCES.* Check its permissions, or choose another/],
    ['broker/wal', /cannot list .*\/wal: EACCES; check its permissions .* or choose another/],
    ['journal', /journal cannot be opened: EACCES.* Make it readable and writable for this user/],
  ] as const) {
    it(`${file} in the data folder may not be read`, async () => {
      const folder = copyOfUsedFolder(`closed-${file.replace('/', '-')}`);
      const refusal = await refusalWhileClosed(join(folder, file), localArguments(folder));
      assert.match(refusal, said);
    });
  }

  it("the broker's folder is of a newer format", async () => {
    const folder = copyOfUsedFolder('newer-broker');
    const file = join(folder, 'broker', 'format.json');
    const format = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...format, formatVersion: 99 }));
    assert.match(
      await refusalOf(localArguments(folder)),
      new RegExp(`${folder}.* format version 99 .*newer version of the program`),
    );
  });

  it("the journal's folder is of a newer format", async () => {
    const folder = copyOfUsedFolder('newer-journal');
    const file = join(folder, 'journal', 'data.mdb');
    // LMDB keeps a small value right behind its key. One byte for one byte leaves its pages sound.
    const pages = readFileSync(file, 'latin1');
    writeFileSync(file, pages.replaceAll('format version1', 'format version9'), 'latin1');
    assert.match(
      await refusalOf(localArguments(folder)),
      new RegExp(`${folder}.* format version 9, .*choose another folder`),
    );
  });

  it('a setting is unknown, and is named', async () => {
    assert.match(await refusalOf(['--kafka-prot', '0']), /--kafka-prot.*--kafka-port/);
  });

  /** Of the folder of the program that was in use above, and stopped. */
  function copyOfUsedFolder(name: string): string {
    const copy = join(dir, name);
    cpSync(usedFolder, copy, { recursive: true });
    return copy;
  }
});

const START = 'apps/local/src/start.ts';

/** Root may read and write everything. Without these two capabilities permissions bind it as they bind everybody. */
const WHERE_PERMISSIONS_BIND =
  process.getuid?.() === 0
    ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', process.execPath]
    : [process.execPath];

/** What it says while nobody may use this file or folder. */
async function refusalWhileClosed(path: string, args: readonly string[]): Promise<string> {
  const { mode } = statSync(path);
  chmodSync(path, 0);
  try {
    return await refusalOf(args, WHERE_PERMISSIONS_BIND);
  } finally {
    chmodSync(path, mode);
  }
}

/** The one line that it says; it exits with 1. With a command, that runs it. */
async function refusalOf(
  args: readonly string[],
  [command, ...words]: readonly string[] = [],
): Promise<string> {
  await using program =
    command === undefined
      ? new Program(START, args)
      : new Program(command, [...words, START, ...args], { isCommand: true });
  const { code } = await program.ended;
  assert.equal(program.stdout, '');
  assert.match(program.stderr, /^[^\n]+[.?]\n$/, 'One line, which ends as a sentence does.');
  assert.equal(code, 1);
  return program.stderr;
}
