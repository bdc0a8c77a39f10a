import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { CliHarness } from '../cli-harness.ts';

describe('explain', () => {
  const asked: string[] = [];
  const shown: (string | undefined)[] = [];
  let answer: { status: number; body: string };
  let server: Server;
  let cli: CliHarness;
  let management: string;

  before(async () => {
    cli = new CliHarness();
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      shown.push(request.headers.authorization);
      if (answer.body === 'none') return;
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    management = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await cli.close();
  });

  const run = (...args: string[]) => cli.run(['explain', ...args, '--management', management]);

  function explained(...lives: readonly (readonly string[])[]): typeof answer {
    const explanations = lives.map((sentences) => ({ state: 'decided', sentences }));
    return { status: 200, body: JSON.stringify({ explanations }) };
  }

  test('a record is asked for by its place, and told in sentences', async () => {
    answer = explained(['It was decided.', 'Received.']);
    const ran = await run('instant_message_in', '3:120');
    assert.deepEqual(ran, { exitCode: 0, printed: ['It was decided.', 'Received.'], notes: [] });
    assert.equal(
      asked.at(-1),
      '/explain?topic=instant_message_in&partition=3&offset=120&timeoutMs=10000',
    );
  });

  test('a message is asked for by its id, and each of its records is told', async () => {
    answer = explained(['first'], ['second']);
    const ran = await run('--message-id', 'a&b', '--entity', 'abc');
    assert.deepEqual(ran.printed, ['first', '', 'second']);
    assert.equal(asked.at(-1), '/explain?messageId=a%26b&entityId=abc&timeoutMs=10000');
    const json = await run('--message-id', 'a&b', '--json');
    assert.deepEqual(
      json.printed.map((line) => (JSON.parse(line) as { sentences: unknown }).sentences),
      [['first'], ['second']],
    );
  });

  test('the token of the management is shown', async () => {
    answer = explained(['told']);
    const env = { CHATCLUSTER_MANAGEMENT_TOKEN: 'secret' };
    const args = ['explain', 'instant_message_in', '0:0', '--management', management];
    assert.deepEqual((await cli.run(args, { env })).printed, ['told']);
    assert.equal(shown.at(-1), 'Bearer secret');
    assert.deepEqual((await cli.run(args)).printed, ['told']);
    assert.equal(shown.at(-1), undefined);
  });

  test('a node that looks for long is no node that is away', async () => {
    answer = { status: 200, body: 'none' };
    const ran = await run('instant_message_in', '0:0', '--timeout', '1');
    assert.match(ran.notes.join(), /nothing within 1 s: wait for longer/);
  });

  test('what a sender wrote cannot move the terminal’s cursor', async () => {
    answer = explained(['It was refused: \u001b[2J']);
    const ran = await run('instant_message_in', '0:0');
    assert.ok(!ran.printed.join('').includes('\u001b'));
  });

  test('no record, no node, no explanation: a sentence that says what to do', async () => {
    const searched = 'No record with this id is among the newest 12 offsets of 3 partitions.';
    answer = { status: 200, body: JSON.stringify({ explanations: [], searched }) };
    assert.match((await run('--message-id', 'x')).notes.join(), /newest 12 offsets/);
    answer = { status: 503, body: JSON.stringify({ error: 'Kafka is away.' }) };
    assert.match((await run('--message-id', 'x')).notes.join(), /Kafka is away\./);
    answer = { status: 200, body: '[]' };
    assert.match((await run('--message-id', 'x')).notes.join(), /is it a node\?/);
    answer = { status: 200, body: '<html>' };
    const ran = await run('--message-id', 'x');
    assert.equal(ran.exitCode, 1);
    assert.match(ran.notes.join(), /No node answered at/);
    assert.equal((await run('instant_message_in', '3')).exitCode, 2);
    assert.equal((await run('instant_message_in')).exitCode, 2);
  });
});
