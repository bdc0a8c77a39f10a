import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from './parse-arguments.ts';

const options = {
  from: { value: 'NAME', description: 'who' },
  to: { value: 'NAME', description: 'to whom' },
  count: { value: 'N', short: 'n', description: 'how many' },
  json: { description: 'as JSON' },
};

function parse(...args: string[]): {
  given: Record<string, readonly string[]>;
  positionals: readonly string[];
} {
  const parsed = parseArguments(args, options);
  assert.ok(parsed.ok);
  return { given: Object.fromEntries(parsed.given), positionals: parsed.positionals };
}

function problem(...args: string[]): string {
  const parsed = parseArguments(args, options);
  assert.ok(!parsed.ok);
  return parsed.problem;
}

test('options and the rest may come in any order', () => {
  assert.deepEqual(
    parse('abc', '--from', 'bob', '--to=ann', '-n', '5', 'Hi there!', '--json', '--to', 'joe'),
    {
      given: { from: ['bob'], to: ['ann', 'joe'], count: ['5'], json: [] },
      positionals: ['abc', 'Hi there!'],
    },
  );
  assert.deepEqual(parse('-n5').given, { count: ['5'] });
});

test('what comes after -- is not an option', () => {
  assert.deepEqual(parse('abc', '--', '--json', '-n'), {
    given: {},
    positionals: ['abc', '--json', '-n'],
  });
});

test('an unknown option is refused by name, with the one that was meant', () => {
  assert.equal(problem('--form', 'bob'), 'There is no option --form; did you mean --from?');
  assert.equal(problem('--colour'), 'There is no option --colour.');
  assert.equal(problem('-x'), 'There is no option -x.');
  assert.equal(problem('--constructor'), 'There is no option --constructor.');
});

test('an option without its value is refused', () => {
  assert.equal(problem('--from'), 'Option --from needs a value: --from NAME.');
  assert.equal(
    problem('--from', '--to', 'ann'),
    'Option --from needs a value: --from NAME; write --from=--to if that is the value.',
  );
  assert.deepEqual(parse('--from=--to').given, { from: ['--to'] });
});

test('a value for an option that takes none is refused', () => {
  assert.equal(problem('--json=yes'), 'Option --json takes no value.');
});
