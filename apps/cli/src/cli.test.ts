import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CliHarness } from './cli-harness.ts';
import { commands, programs } from './commands.ts';

async function run(...argv: string[]) {
  return runWith({}, argv);
}

async function runWith(env: Readonly<Record<string, string>>, argv: readonly string[]) {
  const harness = new CliHarness();
  try {
    return await harness.run(argv, { env });
  } finally {
    await harness.close();
  }
}

test('help lists every command, and exit codes', async () => {
  const { exitCode, printed } = await run('--help');
  assert.equal(exitCode, 0);
  for (const { name } of [...programs, ...commands]) assert.ok(printed[0]!.includes(`  ${name} `));
  assert.match(printed[0]!, /Exit codes: 0 done/);
});

test('help of a group lists its commands only', async () => {
  const { exitCode, printed } = await run('quarantine', '--help');
  assert.equal(exitCode, 0);
  assert.match(printed[0]!, /quarantine retry/);
  assert.doesNotMatch(printed[0]!, /chat send/);
});

test('every command explains itself, with all its options', async () => {
  for (const { name, options } of commands) {
    const { exitCode, printed } = await run(...name.split(' '), '--help');
    assert.equal(exitCode, 0);
    assert.ok(printed[0]!.startsWith(`chatcluster ${name} `));
    for (const option of Object.keys(options)) assert.ok(printed[0]!.includes(`--${option} `));
  }
});

test('programs explain themselves, and refuse unknown settings', async () => {
  for (const name of ['start', 'node']) {
    const { exitCode, printed } = await run(name, '--help');
    assert.equal(exitCode, 0);
    assert.match(printed[0]!, /--management-port N/);
    assert.deepEqual(await run(name, '--http-prot', '1'), {
      exitCode: 2,
      printed: [],
      notes: ['There is no option --http-prot; did you mean --http-port?'],
    });
  }
});

const usageErrors: readonly (readonly [argv: readonly string[], sentence: string])[] = [
  [['chta', 'send'], 'There is no command chta; did you mean chat? See chatcluster --help.'],
  [['sing'], 'There is no command sing. See chatcluster --help.'],
  [['chat', 'sned'], 'There is no chat sned: chatcluster chat send, latest, tail.'],
  [['chat'], 'Say what to do: chatcluster chat send, latest, tail.'],
  [['chat', 'send', 'abc'], 'BODY is missing. See chatcluster chat send --help.'],
  [
    ['chat', 'send', 'abc', 'Hi', 'there!'],
    '"there!" is too much; put a text of several words in quotes. See chatcluster chat send --help.',
  ],
  [['chat', 'send', 'abc', 'Hi'], 'Option --from is missing. See chatcluster chat send --help.'],
  [
    ['chat', 'send', 'abc', 'Hi', '--form', 'bob'],
    'There is no option --form; did you mean --from? See chatcluster chat send --help.',
  ],
  [
    ['chat', 'send', '', 'Hi', '--from', 'bob'],
    'conversationKey is empty. See chatcluster chat send --help.',
  ],
  [
    ['chat', 'latest', 'abc', '-n', '1001'],
    '--number is "1001"; it must be a whole number from 1 to 1000. See chatcluster chat latest --help.',
  ],
  [
    ['chat', 'latest', 'abc', '--brokers', 'localhost'],
    'The brokers are "localhost"; they must be HOST:PORT, several with commas. See chatcluster chat latest --help.',
  ],
  [
    ['journal', 'dump', '--journal', './data'],
    '--journal is "./data"; it must be lmdb:DIR or cassandra:HOST[:PORT],…[/KEYSPACE] (keyspace: lower-case letters, digits, _). See chatcluster journal dump --help.',
  ],
];

for (const [argv, sentence] of usageErrors) {
  test(`chatcluster ${argv.join(' ')}: ${sentence}`, async () => {
    assert.deepEqual(await run(...argv), { exitCode: 2, printed: [], notes: [sentence] });
  });
}

/** Operands and options with which each command that takes brokers gets as far as looking for them. */
const BESIDE_BROKERS: Readonly<Record<string, readonly string[]>> = {
  'chat send': ['abc', 'Hi', '--from', 'bob'],
  'chat latest': ['abc'],
  'chat tail': [],
  'dead-letters list': [],
  'dead-letters show': ['0:0'],
  'dead-letters resend': ['0:0'],
  'quarantine list': [],
  'quarantine show': ['abc'],
  'quarantine retry': ['abc'],
  'quarantine skip': ['abc'],
  'quarantine edit': [
    'abc',
    '{"conversationKey":"abc","sender":"bob","recipients":[],"body":"Hi"}',
  ],
};

test('brokers come from an option, CHATCLUSTER_BROKERS or KAFKA_BROKERS, in this order, for every command that takes them', async () => {
  const takingBrokers = commands.filter(({ options }) => Object.hasOwn(options, 'brokers'));
  assert.deepEqual(
    takingBrokers.map(({ name }) => name).toSorted(),
    Object.keys(BESIDE_BROKERS).toSorted(),
  );
  const both = { CHATCLUSTER_BROKERS: 'ours', KAFKA_BROKERS: 'theirs' };
  for (const { name } of takingBrokers) {
    const argv = [...name.split(' '), ...(BESIDE_BROKERS[name] ?? [])];
    const told = async (env: Readonly<Record<string, string>>, ...options: readonly string[]) => {
      const { notes } = await runWith(env, [...argv, ...options]);
      return /^The brokers are "(.*)"; /.exec(notes[0] ?? '')?.[1] ?? notes[0];
    };
    assert.equal(await told(both, '--brokers', 'told'), 'told', name);
    assert.equal(await told(both), 'ours', name);
    assert.equal(await told({ ...both, CHATCLUSTER_BROKERS: '' }), 'theirs', name);
    const { printed } = await run(...name.split(' '), '--help');
    assert.match(
      printed[0]!,
      /--brokers .*CHATCLUSTER_BROKERS or KAFKA_BROKERS.* 127\.0\.0\.1:9092/,
    );
  }
});

test('without a command the help is shown, and nothing is done', async () => {
  const { exitCode, printed, notes } = await run();
  assert.deepEqual([exitCode, printed], [2, []]);
  assert.match(notes[0]!, /^chatcluster COMMAND/);
});

test('a journal that is not there is not made', async () => {
  assert.deepEqual(await run('journal', 'dump', '--journal', 'lmdb:./no such folder'), {
    exitCode: 1,
    printed: [],
    notes: ['There is no folder ./no such folder: name the one of a journal.'],
  });
});

test('purchases is three programs, each of which explains itself', async () => {
  const { exitCode, printed } = await run('purchases', '--help');
  assert.equal(exitCode, 0);
  for (const role of ['producer', 'processor', 'client']) {
    assert.match(printed[0]!, new RegExp(`^chatcluster purchases ${role} `, 'm'));
    const explained = await run('purchases', role, '--help');
    assert.equal(explained.exitCode, 0);
    assert.match(explained.printed[0]!, new RegExp(`^chatcluster purchases ${role} .*options`));
    const wrong = await run('purchases', role, '--prot', '1');
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.notes[0]!, /^There is no option --prot/);
  }
  for (const [argv, note] of [
    [[], 'Say what to run: chatcluster purchases producer, processor, client.'],
    [
      ['procesor'],
      'There is no purchases procesor; did you mean processor? Choose from producer, processor, client.',
    ],
  ] as const) {
    assert.deepEqual(await run('purchases', ...argv), { exitCode: 2, printed: [], notes: [note] });
  }
});
